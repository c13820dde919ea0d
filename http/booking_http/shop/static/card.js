// The card: what is typed stays in this page when the line says no, since the form is sent without
// leaving it. The service never writes a card into a page.

const form = document.querySelector("[data-card]");
const fields = form.querySelector("[data-card-fields]");
const said = fields.querySelector("[data-card-words]").dataset;
const number = form.elements["payment-cardNumber"];
const expiry = form.elements["payment-expiry"];
const shown = fields.querySelector("[data-brand]");
const codes = fields.querySelector("[data-codes]");
const wait = document.querySelector("[data-wait]");

const BRANDS = [
  ["American Express", /^3[47]/, [15]],
  ["Visa", /^4/, [13, 16, 19]],
  ["Mastercard", /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  ["Discover", /^(6011|64[4-9]|65)/, [16, 19]],
  ["Diners Club", /^(30[0-5]|36|3[89])/, [14, 16, 19]],
];
const digits = () => number.value.replace(/\D/g, "");
const brandOf = (text) => BRANDS.find(([, start]) => start.test(text));
const luhn = (text) =>
  [...text].reverse().reduce((sum, each, place) => {
    const twice = place % 2 ? Number(each) * 2 : Number(each);
    return sum + (twice > 9 ? twice - 9 : twice);
  }, 0) % 10 === 0;

const mark = (field, text) => {
  const id = `${field.id}-fault`;
  document.getElementById(id)?.remove();
  field.closest(".field").classList.toggle("wrong", Boolean(text));
  const hint = document.getElementById(`${field.id}-hint`)?.id ?? "";
  field.setAttribute("aria-describedby", text ? `${hint} ${id}`.trim() : hint);
  if (!text) return field.removeAttribute("aria-invalid");
  const fault = document.createElement("p");
  fault.id = id;
  fault.className = "fault";
  fault.textContent = text;
  field.before(fault);
  field.setAttribute("aria-invalid", "true");
};

number.addEventListener("input", () => {
  const text = digits();
  const brand = brandOf(text);
  shown.textContent = brand ? brand[0] : text.length >= 6 ? said.unknown : "";
  // The picture of where the security code stands is that of the brand.
  codes.dataset.codes = !brand ? "" : brand[0] === "American Express" ? "front" : "back";
});
number.addEventListener("change", () => {
  const text = digits();
  const brand = brandOf(text);
  const good = brand && brand[2].includes(text.length) && luhn(text);
  mark(number, !text || good ? "" : said.number);
});
expiry.addEventListener("input", (event) => {
  if (event.inputType !== "deleteContentBackward" && /^\d{2}$/.test(expiry.value)) expiry.value += "/";
});
expiry.addEventListener("change", () => {
  const found = /^(\d{1,2})\s*[/.-]?\s*(\d{4}|\d{2})$/.exec(expiry.value.trim());
  if (!found) return;
  const year = Number(found[2]) + (found[2].length === 2 ? 2000 : 0);
  const now = new Date();
  const over = year < now.getFullYear() || (year === now.getFullYear() && Number(found[1]) < now.getMonth() + 1);
  mark(expiry, over ? said.expired : "");
});

// The button says what it costs.
const button = form.querySelector(".pay");
const label = () => {
  const pays = form.querySelector("input[name=paymentType]:checked")?.dataset.pays;
  if (pays) button.textContent = button.dataset.payLabel.replace("@", pays);
};
form.addEventListener("change", label);
label();

let sending = false;
const guard = (event) => event.preventDefault();
// Our own service is away for a moment: that is said here, so that nothing has to be typed again.
const away = (page) => {
  const told = page.querySelector("[data-problem]");
  if (!told) return false;
  document.title = page.title;
  document.querySelector("#problem")?.remove();
  const box = document.createElement("div");
  box.id = "problem";
  box.className = "summary-of-errors";
  box.tabIndex = -1;
  box.setAttribute("role", "group");
  box.setAttribute("aria-labelledby", "problem-title");
  box.setAttribute("aria-describedby", "problem-words");
  for (const [name, from, id] of [["h2", "h1", "problem-title"], ["p", ".lead", "problem-words"]]) {
    const line = document.createElement(name);
    line.id = id;
    line.textContent = told.querySelector(from).textContent;
    box.append(line);
  }
  document.querySelector("main").prepend(box);
  return true;
};
const take = (text, status) => {
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.querySelector("[data-card]");
  if (!fresh) return status >= 500 && away(page);
  document.title = page.title;
  document.querySelector("#problem")?.remove();
  const problem = page.querySelector("#problem");
  if (problem) document.querySelector("main").prepend(document.adoptNode(problem));
  form.elements.attempt.value = fresh.elements.attempt.value;
  for (const field of form.querySelectorAll(".field")) field.classList.remove("wrong");
  for (const fault of form.querySelectorAll(".fault")) fault.remove();
  for (const fault of fresh.querySelectorAll(".fault")) {
    const field = document.getElementById(fault.id.replace(/-fault$/, ""));
    if (field?.name.startsWith("payment-")) mark(field, fault.textContent.trim());
    else field?.before(document.adoptNode(fault));
  }
  return true;
};

// While the line is asked the event stream tells how it ended, should the answer to the form be lost
// on its way; where the stream is lost as well, the page that waits is looked at every five seconds.
const POLL_SECONDS = 5;
const ended = ({ place, asking }) => {
  const booked = place.startsWith("/booking/") && !location.pathname.startsWith("/booking/");
  return !asking && (booked || place.endsWith("/wait"));
};
const watch = (go) => {
  if (!form.dataset.events) return () => {};
  let polling;
  const tell = (found) => ended(found) && go(found.place);
  const poll = async () => {
    try {
      const answer = await fetch(form.dataset.after, { credentials: "same-origin" });
      const page = await answer.text();
      // A page that follows nothing says how an earlier attempt ended, not this one.
      const follows = page.includes("data-follow");
      if (follows) tell({ place: new URL(answer.url).pathname, asking: page.includes("data-asking") });
    } catch {
      // Offline: the next look may find the way.
    }
  };
  const stream = new EventSource(form.dataset.events);
  stream.addEventListener("place", (event) => tell(JSON.parse(event.data)));
  stream.addEventListener("open", () => (polling = clearInterval(polling)));
  stream.addEventListener("error", () => (polling ??= setInterval(poll, POLL_SECONDS * 1000)));
  return () => {
    stream.close();
    clearInterval(polling);
  };
};

form.addEventListener("submit", async (event) => {
  // Without a connection the page says so, as it does for every form.
  if (!sending && !navigator.onLine) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (sending) return;
  sending = true;
  button.setAttribute("aria-busy", "true");
  button.textContent = form.dataset.busy;
  wait?.showModal();
  wait?.addEventListener("cancel", guard);
  addEventListener("beforeunload", guard);
  let leaving = false;
  const go = (place) => {
    if (leaving) return;
    leaving = true;
    removeEventListener("beforeunload", guard);
    stopWatching();
    location.assign(place);
  };
  const stopWatching = watch(go);
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin",
    });
    removeEventListener("beforeunload", guard);
    if (answer.redirected) {
      go(answer.url);
    } else if (!take(await answer.text(), answer.status) && !leaving) {
      leaving = true;
      location.reload();
    }
  } catch {
    // The answer is lost, not the booking: the page of the session knows what came of it.
    removeEventListener("beforeunload", guard);
    if (leaving) return;
    leaving = true;
    const look = () => location.assign(form.dataset.after);
    if (navigator.onLine) setTimeout(look, 2000);
    else addEventListener("online", look, { once: true });
  } finally {
    stopWatching();
    if (!leaving) {
      sending = false;
      wait?.close();
      button.removeAttribute("aria-busy");
      label();
      // A dialog gives the focus back to the button when it closes.
      document.querySelector("#problem")?.focus();
    }
  }
});
