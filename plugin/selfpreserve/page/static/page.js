// Takes what is new in the page from the server every two seconds. Where somebody is, by
// keyboard or by scrolling, stays: what has the focus is around what is replaced.
"use strict";

const old = document.getElementById("old");
const banner = document.getElementById("banner");
const said = document.getElementById("said");

// What the banner says, but for how long: a screen reader would say that every two seconds.
function words() {
  return banner.innerText.replace(/\b([0-9]+([.][0-9]+)?(ms|[dhms]))+\b/g, "");
}

async function refresh() {
  try {
    const response = await fetch(location.pathname, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(response.statusText);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const before = words();
    for (const part of document.querySelectorAll("[data-live]")) {
      const news = fresh.getElementById(part.id);
      if (!news) throw new Error("something else answers");
      if (part.innerHTML !== news.innerHTML) part.replaceChildren(...news.childNodes);
    }
    if (words() !== before) said.textContent = banner.innerText;
    document.title = fresh.title;
    old.hidden = true;
  } catch {
    old.hidden = false;
    document.title = "old: " + document.title.replace(/^old: /, "");
  }
  setTimeout(refresh, 2000);
}

setTimeout(refresh, 2000);
