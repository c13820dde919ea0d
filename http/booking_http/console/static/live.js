// Keeps a session's page up to date while it is open. Nothing here is needed to read or to act.

const status = document.querySelector("[data-events]");
const shown = () => Number(document.querySelector("#part-title").dataset.version);
let latest = shown();
let busy = false;

const typedInto = (part) =>
  [...part.querySelectorAll("input, textarea, select")].some((field) =>
    field.type === "hidden" ? false : field.value !== field.defaultValue && field.tagName !== "SELECT"
  );

const inUse = (part) => {
  const field = document.activeElement;
  return typedInto(part) || (part.contains(field) && field.matches("input, textarea, select, button"));
};

const openIn = (part) => [...part.querySelectorAll("details[open][id]")].map((each) => each.id);

const replace = (part, fresh) => {
  for (const id of openIn(part)) {
    const details = fresh.querySelector(`#${CSS.escape(id)}`);
    if (details) details.open = true;
  }
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const path = focused && focused.closest("details[id]");
  part.replaceWith(fresh);
  if (path) fresh.querySelector(`#${CSS.escape(path.id)} > summary`)?.focus({ preventScroll: true });
};

const refresh = async () => {
  const answer = await fetch(location.href.split("#")[0], { credentials: "same-origin", redirect: "error" });
  if (!answer.ok) throw new Error("not shown");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const parts = new Map([...document.querySelectorAll("[data-part]")].map((each) => [each.id, each]));
  for (const fresh of page.querySelectorAll("[data-part]")) {
    const part = parts.get(fresh.id);
    parts.delete(fresh.id);
    // What somebody is typing stays, and with it the version they have seen.
    if (part && !inUse(part)) replace(part, document.adoptNode(fresh));
    else if (!part) document.querySelector(".story").prepend(document.adoptNode(fresh));
  }
  for (const gone of parts.values()) if (!inUse(gone)) gone.remove();
};

const tell = (words) => {
  if (status.textContent !== words) status.textContent = words;
};

// News that comes while the page is being fetched is fetched next.
const catchUp = async () => {
  if (busy) return;
  busy = true;
  try {
    while (latest > shown()) await refresh();
    tell(`live, changed at ${new Date().toISOString().slice(11, 19)} UTC`);
  } catch {
    tell("changed: refresh to see it");
  } finally {
    busy = false;
  }
};

// A browser keeps few connections to one host: pages that nobody looks at give theirs back.
let stream = null;
const follow = () => {
  stream = new EventSource(status.dataset.events);
  stream.addEventListener("open", () => tell("live"));
  stream.addEventListener("error", () => tell("not live: refresh to see changes"));
  stream.addEventListener("version", (event) => {
    latest = Number(event.data);
    if (latest > shown()) catchUp();
    else tell("live");
  });
  stream.addEventListener("away", () => tell("not live for now: the database does not answer"));
};
const rest = () => {
  stream?.close();
  stream = null;
};

document.addEventListener("visibilitychange", () => {
  if (document.hidden) rest();
  else if (!stream) follow();
});
if (!document.hidden) follow();
