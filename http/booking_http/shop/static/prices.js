// Shows the chosen rate beside the button.

const form = document.querySelector("[data-prices]");
const tell = () => {
  const chosen = form.querySelector("input[name=rate]:checked");
  if (!chosen) return;
  form.querySelector("[data-chosen-name]").textContent = chosen.dataset.name;
  form.querySelector("[data-chosen-total]").textContent = chosen.dataset.total;
};
// A page that stands open says when its prices are old; asking again says what changed.
const old = document.querySelector("[data-old]");
if (old) {
  const left = new Date(old.dataset.at) - new Date(old.dataset.now);
  setTimeout(() => (old.hidden = false), Math.max(0, left));
}
form?.addEventListener("change", tell);
if (form) tell();
