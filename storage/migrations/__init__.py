"""Alembic's scripts, shipped inside the package so that ``maild run`` can use them anywhere."""
