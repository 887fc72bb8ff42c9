// The saved page: it makes code, request and statement, and opens no connection.
{
  const $ = (id) => document.getElementById(id);
  const wrong = (text) => Object.assign(new Error(text), { text });

  const ticket = async () => {
    try {
      const { box, roll, open, roll_open } = JSON.parse($("ticket").value);
      return await openBox({ box, roll, open, rollOpen: roll_open });
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
  const choice = ({ manifest: m }) =>
    pledge(m.threshold || number("threshold", 1, 1e7), m.parts ? number("part", 0, m.parts - 1) : 0);

  const on = (id, what) => $(id).addEventListener("click", async () => {
    $("failed").hidden = true;
    try {
      await what();
    } catch (error) {
      $("failed").textContent = $(error.text ?? "bad-answer").textContent;
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
  on("make", async () => {
    const box = await ticket(), p = await mine(box), none = new Uint8Array();
    const later = { withdraw: () => withdraw(), done: () => done(), change: () => choice(box) }[$("do").value];
    let leaf;
    if (later) {
      leaf = await sayLeaf(p, box, none, number("counter", 1, 2 ** 32 - 1), later());
    } else {
      const body = box.manifest.takes === "sign" ? null : choice(box);
      const auth = finish(p, box, fromBase64($("answer").value.replace(/\s/g, "")));
      leaf = body ? await sayLeaf(p, box, auth, 1, body) : signLeaf(p, auth);
    }
    $("leaf").value = toBase64(leaf);
    $("leaf").select();
  });
  $("do").addEventListener("change", () => {
    const later = $("do").value !== "take";
    $("later").hidden = !later;
    $("first").hidden = later;
  });
  $("needs").hidden = true;
  $("unable").hidden = await works();
}
