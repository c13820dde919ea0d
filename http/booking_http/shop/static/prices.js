// Shows the chosen rate beside the button.

const form = document.querySelector("[data-prices]");
const tell = () => {
  const chosen = form.querySelector("input[name=rate]:checked");
  if (!chosen) return;
  form.querySelector("[data-chosen-name]").textContent = chosen.dataset.name;
  form.querySelector("[data-chosen-total]").textContent = chosen.dataset.total;
};
form?.addEventListener("change", tell);
if (form) tell();
