// The saved page: it makes code, request and statement, and opens no connection.
{
  const $ = (id) => document.getElementById(id);
  const vote = $("vote");

  const ticket = async () => {
    try {
      return Object.assign(await openBox(JSON.parse($("ticket").value)), { seal });
    } catch {
      throw wrong("bad-ticket");
    }
  };
  const mine = async (box) => {
    const code = await readCode($("code").value);
    if (!code) throw wrong("bad-code");
    return part(code, box);
  };
  const number = (id, least, most) => {
    const n = Number($(id)?.value ?? NaN);
    if (!Number.isInteger(n) || n < least || n > most) throw wrong("bad-number");
    return n;
  };
  const choice = ({ manifest: m }, p) => vote ? ballot(vote, p, m)
    : [pledge(m.threshold || number("threshold", 1, 1e7), m.parts ? number("part", 0, m.parts - 1) : 0)];

  const on = (id, what) => $(id).addEventListener("click", async () => {
    $("failed").hidden = true;
    try {
      await what();
    } catch (error) {
      const text = error.text ?? "bad-answer";
      $("failed").textContent = ($(text) ?? find(document, text)).textContent.replace("{rank}", error.n);
      $("failed").hidden = false;
      $("failed").scrollIntoView();
    }
  });

  on("new", async () => { $("code").value = showCode(await newCode()); });
  on("ask", async () => {
    const box = await ticket();
    $("request").value = toBase64((await mine(box)).blinded);
    $("request").select();
  });
  // Of a ballot, what it says is shown beside the text that says it.
  on("make", async () => {
    const box = await ticket(), p = await mine(box), what = $("do").value;
    const later = { withdraw: () => [withdraw()], done: () => [done()], change: () => choice(box, p) }[what];
    const first = () => what === "activate" || box.manifest.takes === "sign" ? [] : choice(box, p);
    const [body, why] = await (later ?? first)();
    let leaf;
    if (later) {
      leaf = await sayLeaf(p, box, [], number("counter", 1, 2 ** 32 - 1), body);
    } else {
      const auth = finish(p, box, fromBase64($("answer").value.replace(/\s/g, "")));
      leaf = what === "activate" ? activateLeaf(p, box, auth) : await sayLeaf(p, box, auth, 1, body);
    }
    if (vote) {
      $("says").hidden = what === "activate" || what === "withdraw";
      show($("says"), vote);
    }
    $("leaf").value = why ? JSON.stringify({ leaf: toBase64(leaf), ...why }) : toBase64(leaf);
    $("leaf").select();
  });
  $("do").addEventListener("change", () => {
    const later = !["take", "activate"].includes($("do").value);
    $("later").hidden = !later;
    $("first").hidden = later;
  });
  // What was made says what the form said then.
  vote?.addEventListener("input", () => {
    $("leaf").value = "";
    $("says").hidden = true;
  });
  $("needs").hidden = true;
  $("unable").hidden = await works();
}
