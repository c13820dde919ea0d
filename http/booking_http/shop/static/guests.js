// Keeps what is typed while it is typed, and copies what would be typed twice.

const form = document.querySelector("[data-draft]");
const words = document.querySelector("#words").dataset;
const saved = document.querySelector("[data-saved]");
const value = (name) => form.elements[name]?.value ?? "";
const put = (name, text) => {
  const field = form.elements[name];
  if (field && text) field.value = text;
};

// A birth date that does not fit the price is said as soon as it is typed.
const tell = ({ saved: kept, faults }) => {
  if (kept) saved.textContent = words.saved;
  for (const birth of form.querySelectorAll(".birth")) {
    const day = `${birth.id}-day`;
    const text = faults[day];
    document.getElementById(`${day}-fault`)?.remove();
    birth.classList.toggle("wrong", Boolean(text));
    for (const field of birth.querySelectorAll("input")) {
      field.toggleAttribute("aria-invalid", Boolean(text));
      if (text) field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", `${birth.id}-hint${text ? ` ${day}-fault` : ""}`);
    }
    if (!text) continue;
    const fault = document.createElement("p");
    fault.id = `${day}-fault`;
    fault.className = "fault";
    fault.textContent = text;
    fault.setAttribute("role", "status");
    birth.querySelector(".row").before(fault);
  }
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
    if (answer.ok) tell(await answer.json());
  } catch {
    saved.textContent = words.unsaved;
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
