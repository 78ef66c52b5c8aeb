"""The templates as people see them: which there are, and each as a letter or page, of made-up values.

Stands above ``compose``, ``report`` and ``board``, whose own functions write what is shown; asked by
``maild template``, and by ``config check`` for files of the operator's that nothing reads. Fails with
``jinja2.TemplateError`` where a template does.
"""
