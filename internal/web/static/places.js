// <input data-places="/places">: suggestions from GET /places?q=, a JSON array of {"label": "..."}.
// The field works without. It needs connect-src 'self'.

const suggest = (input, index) => {
  const list = document.createElement("datalist");
  list.id = `places-${index}`;
  input.after(list);
  input.setAttribute("list", list.id);
  input.autocomplete = "off";
  const known = new Map();
  let timer, request;
  const show = (places) =>
    list.replaceChildren(...places.map(({ label }) => Object.assign(document.createElement("option"), { value: label })));
  const look = async (q) => {
    request?.abort();
    request = new AbortController();
    try {
      const url = new URL(input.dataset.places, location.href);
      url.searchParams.set("q", q);
      const answer = await fetch(url, { signal: request.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const places = await answer.json();
      known.set(q, places);
      show(places);
    } catch {} // offline or overtaken by the next key: the field works as plain text
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    const q = input.value.trim().toLowerCase();
    if (q.length < 2 || navigator.connection?.saveData) return;
    if ([...list.options].some((o) => o.value === input.value)) return; // one was just chosen
    if (known.has(q)) return show(known.get(q));
    timer = setTimeout(look, 250, q);
  });
};
document.querySelectorAll("input[data-places]").forEach(suggest);
