// Counting a poll again: docs/counting.md. All numbers are whole; what could pass 2^53 on the way is a BigInt there.

/** unit is how many parts a vote has. */
export const unit = 100000;

const most = 9e10; // what all papers may weigh
const whole = (from, to) => v => Number.isSafeInteger(v) && v >= from && v <= to;
const lotsFor = ["approval", "score", "schulze", "stv"], favours = ["approval", "yesno", "consent"], against = ["yesno", "consent"];

// What may be said in the rules: for which methods, and what is right.
const fields = {
  method: [null, v => typeof v === "string"],
  options: [null, (v, r) => whole(1, 32)(v) && (lotsFor.includes(r.method) ? v > 1 : v === 1)],
  winners: [["approval", "score", "stv"], (v, r) => whole(1, r.options)(v)],
  max: [["score", "check"], (v, r) => whole(r.method === "check" ? 2 : 1, 10)(v)],
  quorum: [[...lotsFor, ...against], whole(1, most)],
  against_counts: [against, v => v === true],
  support: [favours, whole(1, most)],
  share: [favours, s => typeof s === "object" && Object.keys(s).every(k => ["num", "den", "more"].includes(k)) && whole(1, 1e6)(s.den) && whole(1, s.den)(s.num) &&
    ("more" in s ? s.more === true && s.num < s.den : true)],
  blocks: [["consent"], whole(1, 1e6)],
  lots: [lotsFor, (v, r) => Array.isArray(v) && v.length === r.options && v.every(whole(0, r.options - 1)) && new Set(v).size === v.length],
};

/** areRules says whether something is the rules of a poll. */
export function areRules(r) {
  if (r === null || typeof r !== "object" || Array.isArray(r) || ![...lotsFor, ...against, "check"].includes(r.method)) return false;
  if (!("options" in r) || lotsFor.includes(r.method) !== "lots" in r || fields.max[0].includes(r.method) !== "max" in r) return false;
  return Object.keys(r).every(k => Object.hasOwn(fields, k) && (fields[k][0]?.includes(r.method) ?? true) && fields[k][1](r[k], r));
}

/** isPaper says whether bytes are a paper of a poll. */
export function isPaper(r, p) {
  const n = r.options, used = new Set(p), ranks = [...p].filter(Boolean);
  used.delete(0);
  switch (r.method) {
    case "yesno": return p.length === 1 && p[0] <= 2;
    case "check": return p.length === 1 && p[0] >= 1 && p[0] <= r.max;
    case "consent": return p.length === 1 && p[0] <= 2 || p.length === 33 && (p[0] === 2 || p[0] === 3);
    case "approval": return p.length === Math.ceil(n / 8) && (n % 8 === 0 || p.at(-1) >> n % 8 === 0);
    case "score": return p.length === n && p.every(x => x <= r.max);
  }
  return p.length === n && ranks.every(x => x <= used.size) && (r.method === "schulze" || used.size === ranks.length);
}

const range = n => Array.from({ length: n }, (_, i) => i);

/** highest are those of several options that have most. */
function highest(options, of) {
  const top = Math.max(...options.map(o => of[o]));
  return options.filter(o => of[o] === top);
}

function reaches(s, part, all) {
  const have = BigInt(part) * BigInt(s.den), want = BigInt(all) * BigInt(s.num);
  return all > 0 && (s.more ? have > want : have >= want);
}

class Count {
  groups = new Map(); // equal papers are counted together
  papers = 0;
  weight = 0;
  ties = [];
  rounds = [];
  reasons = new Set();

  constructor(rules, papers) {
    this.rules = rules;
    this.n = rules.options;
    this.options = range(this.n);
    this.places = this.options.map(o => rules.lots?.indexOf(o));
    for (const [p, w] of papers) {
      const key = String.fromCharCode(...p), g = this.groups.get(key);
      if (g) g.w += w;
      else this.groups.set(key, { p, w });
      this.papers++;
      this.weight += w;
    }
  }

  /** of is the weight of the papers that are so. */
  of(which) {
    let n = 0;
    for (const { p, w } of this.groups.values()) if (which(p)) n += w;
    return n;
  }

  because(reason, holds) { if (holds) this.reasons.add(reason); }

  need(what, reached) {
    const needed = this.rules[what] ?? 0;
    if (!needed && what !== "quorum") return;
    this.result[what] = { met: reached >= needed, needed, reached };
    this.because(what, reached < needed);
  }

  share(s, reached, of) {
    if (!s) return;
    const met = reaches(s, reached, of);
    this.result.share = { num: s.num, den: s.den, more: s.more ?? false, of, reached, met };
    this.because("share", !met);
  }

  /** order puts the best of those that are left next, again and again. */
  order(options, best) {
    const out = [];
    for (let left = [...options]; left.length; left = left.filter(o => o !== out.at(-1))) out.push(this.pick(best(left), "order"));
    return out;
  }

  /** pick is the one of several equal options that is put next, moves its surplus or is excluded: by earlier rounds, or by the lots. */
  pick(among, why) {
    if (among.length === 1) return among[0];
    const sign = why === "exclude" ? -1 : 1;
    let left = among;
    for (const r of this.rounds.slice(0, -1).reverse()) left = highest(left, r.votes.map(v => sign * v));
    const by = left.length === 1 ? "earlier" : "lot";
    const chosen = highest(left, this.places.map(x => -sign * x))[0];
    this.ties.push({ among: [...by === "lot" ? left : among].sort((a, b) => a - b), by, chosen, for: why, round: Math.max(0, this.rounds.length - 1) });
    return chosen;
  }

  run(eligible) {
    const { method, against_counts } = this.rules;
    const abstained = method === "yesno" ? this.of(p => p[0] === 2) : lotsFor.includes(method) ? this.of(p => p.every(x => !x)) : 0;
    this.abstained = abstained;
    this.result = { v: 1, method, eligible, papers: this.papers, weight: this.weight, abstained, order: [], ties: this.ties };
    const { no = 0, winners } = this[method]();
    this.need("quorum", against_counts ? this.weight : this.weight - no);
    const reasons = [...this.reasons].sort();
    return Object.assign(this.result, { reasons, adopted: !reasons.length, winners: reasons.length ? [] : winners });
  }

  // The methods: each gives the weight of those against, and who wins when nothing speaks against it.

  yesno() {
    const yes = this.of(p => p[0] === 0), no = this.of(p => p[0] === 1);
    this.result.sums = [yes, no, this.abstained];
    this.because("nobody", !yes);
    this.share(this.rules.share ?? { num: 1, den: 2, more: true }, yes, yes + no);
    this.need("support", yes);
    return { no, winners: [0] };
  }

  consent() {
    const sums = range(4).map(x => this.of(p => p[0] === x)), [agree, aside, , no] = sums;
    this.result.sums = sums;
    this.because("nobody", !agree);
    this.because("blocked", no >= (this.rules.blocks ?? 1));
    this.share(this.rules.share, agree, this.weight - aside);
    this.need("support", agree);
    return { no, winners: [0] };
  }

  check() {
    this.result.sums = range(this.rules.max).map(x => this.of(p => p[0] === x + 1));
    this.because("check", true);
    return { winners: [] };
  }

  bySums(sums) {
    const order = this.order(this.options, left => highest(left, sums));
    Object.assign(this.result, { sums, order });
    this.because("nobody", sums.every(x => !x));
    return order.slice(0, this.rules.winners ?? 1).filter(o => sums[o]);
  }

  approval() {
    const { share, support = 0 } = this.rules, all = this.weight - this.abstained;
    const sums = this.options.map(o => this.of(p => p[o >> 3] >> (o & 7) & 1)), first = Math.max(...sums);
    const winners = this.bySums(sums).filter(o => sums[o] >= support && (!share || reaches(share, sums[o], all)));
    this.share(share, first, all);
    this.need("support", first);
    return { winners };
  }

  score() {
    const sums = this.options.map(() => 0);
    for (const { p, w } of this.groups.values()) for (const o of this.options) sums[o] += p[o] * w;
    return { winners: this.bySums(sums) };
  }

  /** first is the weight of papers that rank an option 1. */
  first() { return this.options.map(o => this.of(p => p[o] === 1)); }

  schulze() {
    const square = () => this.options.map(() => this.options.map(() => 0));
    const pairs = square(), paths = square(), every = this.options;
    for (const { p, w } of this.groups.values()) {
      for (const a of every) for (const b of every) if (p[a] && (!p[b] || p[a] < p[b])) pairs[a][b] += w;
    }
    for (const a of every) for (const b of every) if (pairs[a][b] > pairs[b][a]) paths[a][b] = pairs[a][b];
    for (const via of every) for (const a of every) for (const b of every) {
      if (a !== b) paths[a][b] = Math.max(paths[a][b], Math.min(paths[a][via], paths[via][b]));
    }
    const order = this.order(every, left => left.filter(x => !left.some(y => paths[y][x] > paths[x][y])));
    Object.assign(this.result, { sums: this.first(), pairs, paths, order });
    this.because("nobody", this.weight === this.abstained);
    return { winners: order.slice(0, 1) };
  }

  stv() {
    const valid = this.weight - this.abstained, { options } = this;
    this.seats = this.rules.winners ?? 1;
    this.quota = (Math.floor(valid / (this.seats + 1)) + 1) * unit;
    Object.assign(this, { votes: options.map(() => 0), piles: options.map(() => []), left: [...options], elected: [], excluded: [], exhausted: 0, lost: 0 });
    for (const { p, w } of this.groups.values()) {
      const ranking = options.filter(o => p[o]).sort((a, b) => p[a] - p[b]);
      if (ranking.length) this.credit({ ranking, w, value: unit }, ranking[0]);
    }
    this.because("nobody", !valid);
    Object.assign(this.result, { sums: this.first(), quota: this.quota, rounds: this.rounds });
    this.end("first", -1, []);
    while (this.elected.length < this.seats) {
      const over = this.elected.filter(o => this.votes[o] > this.quota); // their surplus has not moved
      if (over.length) this.surplus(this.pick(highest(over, this.votes), "surplus"));
      else this.exclude(this.pick(highest(this.left, this.votes.map(v => -v)), "exclude"));
    }
    const rest = this.order(this.left, left => highest(left, this.votes));
    this.result.order = [...this.elected, ...rest, ...this.excluded.reverse()];
    return { winners: this.elected };
  }

  credit(paper, to) {
    this.piles[to].push(paper);
    this.votes[to] += paper.value * paper.w;
  }

  /** end is the end of a round. */
  end(action, option, moves) {
    const { votes, exhausted, lost } = this, r = { action, option, moves, votes: [...votes], exhausted, lost };
    this.rounds.push(r);
    r.elected = this.elect(this.left.filter(o => votes[o] >= this.quota));
    r.filled = this.elect(this.left.length <= this.seats - this.elected.length ? this.left : []);
  }

  elect(options) {
    const put = this.order(options, left => highest(left, this.votes));
    this.elected.push(...put);
    this.left = this.left.filter(o => !put.includes(o));
    return put;
  }

  surplus(o) {
    const have = this.votes[o], over = have - this.quota, known = new Map();
    const moves = this.move(o, v => {
      if (!known.has(v)) known.set(v, Number(BigInt(over) * BigInt(v) / BigInt(have)));
      return known.get(v);
    });
    this.votes[o] = this.quota;
    this.lost += over - moves.reduce((n, m) => n + m.votes, 0);
    this.end("surplus", o, moves);
  }

  exclude(o) {
    this.left = this.left.filter(x => x !== o);
    this.excluded.push(o);
    const moves = this.move(o, v => v);
    this.votes[o] = 0;
    this.end("exclude", o, moves);
  }

  /** move gives all papers of an option to the next one in their ranking that continues. */
  move(option, worth) {
    const moves = new Map(), pile = this.piles[option], can = this.options.map(o => this.left.includes(o));
    this.piles[option] = [];
    for (const paper of pile) {
      const value = worth(paper.value), to = paper.ranking.find(o => can[o]) ?? -1;
      if (!moves.has(to)) moves.set(to, { to, votes: 0, weight: 0 });
      const m = moves.get(to);
      m.votes += value * paper.w;
      m.weight += paper.w;
      if (to >= 0) this.credit({ ...paper, value }, to);
    }
    this.exhausted += moves.get(-1)?.votes ?? 0;
    return [...moves.values()].sort((a, b) => (a.to < 0) - (b.to < 0) || a.to - b.to);
  }
}

/**
 * count counts papers, each with its weight, by the rules of a poll; eligible is the weight of all who may vote, or 0. What
 * it gives is the result of docs/counting.md, and null when there is more than can be counted.
 */
export function count(rules, papers, eligible) {
  const c = new Count(rules, papers);
  return c.weight <= most && eligible <= most ? c.run(eligible) : null;
}
