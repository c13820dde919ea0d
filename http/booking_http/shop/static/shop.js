// What every page has: a form is sent once, what is wrong is told first, times are the guest's own.
// Nothing here is needed to read, to choose or to book.

const words = document.querySelector("#words")?.dataset ?? {};
const spoken = document.querySelector("#spoken");
const say = (text) => {
  if (spoken) spoken.textContent = text;
};

const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
});
const moment = new Intl.DateTimeFormat(document.documentElement.lang, {
  weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
});
const ownTimes = (part) => {
  for (const each of part.querySelectorAll("time[data-clock]")) each.textContent = clock.format(new Date(each.dateTime));
  for (const each of part.querySelectorAll("time[data-moment]")) each.textContent = moment.format(new Date(each.dateTime));
};

const toldFirst = () => {
  const problem = document.querySelector("#problem");
  if (problem) problem.focus();
};

// A form is sent once; a page that comes back out of the browser's memory can be sent again.
const busy = (form, on) => {
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    if (on && form.dataset.busy && !button.dataset.label) {
      button.dataset.label = button.textContent;
      button.textContent = form.dataset.busy;
    }
    if (!on && button.dataset.label) {
      button.textContent = button.dataset.label;
      delete button.dataset.label;
    }
    if (on) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }
  if (on) form.dataset.sent = "yes";
  else delete form.dataset.sent;
};
const notConnected = (form) => {
  say(words.offline);
  if (form.querySelector("[data-offline]")) return;
  const note = document.createElement("p");
  note.className = "fault";
  note.dataset.offline = "";
  note.textContent = words.offline;
  form.querySelector("button:not([type=button])")?.before(note);
};
addEventListener("online", () => document.querySelectorAll("[data-offline]").forEach((each) => each.remove()));
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  if (!navigator.onLine) {
    event.preventDefault();
    return notConnected(form);
  }
  if (form.method === "post") busy(form, true);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => busy(form, false)));

// The list follows the choices; the button is there for those who prefer to send them themselves.
const auto = document.querySelector("form[data-auto]");
auto?.addEventListener("change", (event) => {
  if (event.target.closest("[data-party]")) return;
  auto.requestSubmit();
});
// What was left open does not stand in the address.
auto?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});

const count = document.querySelector("[data-count]");
if (count) {
  const shown = document.createElement("p");
  shown.className = "hint";
  count.after(shown);
  const tell = () => (shown.textContent = `${count.value.length} / ${count.maxLength}`);
  count.addEventListener("input", tell);
  tell();
}

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

const copy = document.querySelector("[data-copy-reference]");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector("[data-copy-text]").textContent);
    copy.textContent = words.copied;
    say(words.copied);
  });
}

const retry = document.querySelector("[data-retry]:not([data-retry=''])");
if (retry) {
  let left = Number(retry.dataset.retry);
  const label = retry.textContent;
  const tick = () => {
    retry.textContent = left > 0 ? `${label} (${left} s)` : label;
    if (left-- > 0) setTimeout(tick, 1000);
  };
  tick();
}

ownTimes(document);
toldFirst();
