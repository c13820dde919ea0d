// The plan and the list show the same choice; the plan can be made larger.

const form = document.querySelector("[data-cabins]");
const tell = () => {
  const chosen = form.querySelector("input[name=cabin]:checked");
  for (const box of form.querySelectorAll(".box")) box.classList.toggle("chosen", box.dataset.for === chosen?.id);
  if (chosen) form.querySelector("[data-chosen-name]").textContent = chosen.value.split("/")[0];
};
const zoom = (by) => {
  for (const plan of form.querySelectorAll(".plan")) {
    const ratio = plan.clientHeight / plan.clientWidth;
    const width = Math.min(4000, Math.max(240, plan.clientWidth * (by > 0 ? 1.4 : 1 / 1.4)));
    plan.setAttribute("width", width);
    plan.setAttribute("height", width * ratio);
  }
};
if (form) {
  form.addEventListener("change", tell);
  for (const button of form.querySelectorAll("[data-zoom]")) {
    button.hidden = false;
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  }
  tell();
}
