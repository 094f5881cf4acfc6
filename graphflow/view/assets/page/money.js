// Amounts are whole numbers of minor units, of any size, and never added across currencies.

const rows = facts.rows.map(([tx, at, time, payer, payee, paid, currency, received, got, channel, file, row, twin, ...carried], index) => ({
  index, tx, at, time, payer, payee, paid: BigInt(paid), currency, channel, file, row, twin, carried: carried.map(BigInt),
  changed: received !== "", received: BigInt(received === "" ? paid : received), got: received === "" ? currency : got,
}));

const codeOf = (currency) => facts.currencies[currency][0];

// 1234567 of a currency with two decimals: "12345.67"; with commas: "12,345.67".
function plain(amount, currency) {
  const places = facts.currencies[currency][1], sign = amount < 0n ? "-" : "";
  const text = (amount < 0n ? -amount : amount).toString().padStart(places + 1, "0");
  return sign + (places ? text.slice(0, -places) + "." + text.slice(-places) : text);
}

function digits(amount, currency) {
  const [whole, cents] = plain(amount, currency).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (cents ? "." + cents : "");
}

const money = (amount, currency) => digits(amount, currency) + " " + codeOf(currency);
const rounded = (amount, currency) => digits(amount, currency).replace(/\.0+$/, "") + " " + codeOf(currency);

class Tally {
  constructor(number = 0, totals = [], first = null, last = null) {
    Object.assign(this, { count: number, first, last });
    this.totals = new Map(totals.map(([currency, amount]) => [currency, BigInt(amount)]));
  }

  // Transactions come in any order of time.
  add(row, currency, amount) {
    this.count += 1;
    this.totals.set(currency, (this.totals.get(currency) || 0n) + amount);
    if (!this.first || row.at < this.first[0]) this.first = [row.at, row.time];
    if (!this.last || row.at >= this.last[0]) this.last = [row.at, row.time];
  }

  less(currency, amount) {
    this.count -= 1;
    this.totals.set(currency, (this.totals.get(currency) || 0n) - amount);
    if (this.totals.get(currency) <= 0n) this.totals.delete(currency);
  }

  lines(said = money) {
    return [...this.totals].map(([currency, amount]) => [codeOf(currency), said(amount, currency)])
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, text]) => text);
  }

  text() {
    return this.lines().join(" + ");
  }
}

const whole = ([number, totals, first, last]) => new Tally(number, totals, first.length ? first : null, last.length ? last : null);
