// Shows how a run goes on until it has ended; without it there is a link to refresh.

const run = () => document.querySelector("#part-run");

const look = async () => {
  if (run().dataset.ended) return;
  const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  run().replaceWith(document.adoptNode(page.querySelector("#part-run")));
  setTimeout(look, 1000);
};

setTimeout(look, 500);
