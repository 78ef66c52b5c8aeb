// The page shows what the server tells of: without this script it loads itself again each half minute.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const quiet = Number(document.body.dataset.every) * 4000 + 5000;
  const again = 30000;
  const address = `events?lang=${document.documentElement.lang}`;
  let source, silence;

  // What was heard a while ago may be wrong by now, and the page must say so by itself.
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(stale, quiet);
    document.body.classList.remove("stale");
    byId("stale").textContent = "";
  };
  const stale = () => {
    document.body.classList.add("stale");
    byId("stale").textContent = byId("stale").dataset.says;
  };

  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

  // Elements that are the same stay the same: no focus is lost, nothing is read aloud twice, bars glide.
  const settle = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const known = new Map([...old.children].filter((each) => each.id).map((each) => [each.id, each]));
    [...fresh.childNodes].forEach((next, place) => {
      const there = old.childNodes[place];
      const named = next.id ? known.get(next.id) : undefined;
      const same = named || (there && !there.id && !next.id && there.nodeName === next.nodeName ? there : null);
      if (!same) {
        old.insertBefore(document.importNode(next, true), there || null);
        return;
      }
      if (same !== there) old.insertBefore(same, there || null);
      if (same.nodeType === Node.ELEMENT_NODE) settle(same, next);
      else if (same.nodeValue !== next.nodeValue) same.nodeValue = next.nodeValue;
    });
    while (old.childNodes.length > fresh.childNodes.length) old.lastChild.remove();
  };
  const show = (board) => {
    settle(byId("board"), board);
    document.title = board.dataset.title;
  };

  // Where nobody more may listen, and where a proxy lets no stream pass: ask for the whole page.
  const ask = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) return;
      const page = parsed(await answer.text());
      show(page.getElementById("board"));
      byId("stamp").textContent = page.getElementById("stamp").textContent;
      heard();
    } catch {
      // The page says by itself that it hears nothing.
    }
  };

  const listen = () => {
    source = new EventSource(address);
    source.addEventListener("version", ({ data }) => {
      if (data !== document.body.dataset.version) location.reload();
    });
    source.addEventListener("board", ({ data }) => show(parsed(data).getElementById("board")));
    source.addEventListener("crossed", ({ data }) => {
      byId("crossed").textContent = parsed(data).body.textContent;
    });
    source.addEventListener("beat", ({ data }) => {
      byId("stamp").textContent = data;
      heard();
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      ask();
      setTimeout(listen, again);
    });
  };

  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && listen());
  heard();
  listen();
})();
