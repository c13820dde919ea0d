// Keeps what is typed while it is typed, and copies what would be typed twice.

const form = document.querySelector("[data-draft]");
const words = document.querySelector("#words").dataset;
const saved = document.querySelector("[data-saved]");
const value = (name) => form.elements[name]?.value ?? "";
const put = (name, text) => {
  const field = form.elements[name];
  if (field && text) field.value = text;
};

// One at a time: two drafts at once would race for the same session.
let waiting = null;
let sending = false;
const keep = async () => {
  if (sending) return (waiting = true);
  sending = true;
  try {
    const body = new URLSearchParams(new FormData(form));
    body.delete("attempt");
    const answer = await fetch(form.dataset.draft, { method: "POST", body, credentials: "same-origin" });
    if (answer.status === 200) saved.textContent = words.saved;
  } catch {
    saved.textContent = words.offline;
  } finally {
    sending = false;
    if (waiting) {
      waiting = null;
      keep();
    }
  }
};

addEventListener("online", () => {
  if (!saved.textContent) return;
  saved.textContent = "";
  keep();
});

const states = form.querySelector("[data-states]");
const showStates = () => {
  const typed = value("contact-state");
  states.hidden = !typed && !states.dataset.states.split(" ").includes(value("contact-country"));
};

form.addEventListener("change", (event) => {
  if (event.target.name === "contact-country") showStates();
  saved.textContent = "";
  keep();
});
for (const hint of form.querySelectorAll(".copy")) hint.hidden = false;
form.addEventListener("click", (event) => {
  const one = event.target.closest("[data-copy]");
  if (one) {
    put(one.dataset.to, value(one.dataset.copy));
    keep();
  }
  if (event.target.closest("[data-copy-lead]")) {
    for (const name of ["title", "firstName", "lastName"]) put(`contact-${name}`, value(`passengers-0-${name}`));
    keep();
  }
});
showStates();
