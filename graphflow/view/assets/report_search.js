/* The search: every case that the page holds, its accounts with their holders, banks and types, and why a case fits. */
(() => {
  const { t } = graphflow;
  const MOST_NAMED = 2;
  const { texts, accounts, cases, lines } = JSON.parse(document.getElementById("index").textContent);
  /* Wide letters are the usual ones, and 1,000 is 1000. */
  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/(\d),(?=\d)/g, "$1");
  const told = (place) => texts[place ?? 0];
  const plainTexts = texts.map(plain);
  const plainAccounts = accounts.map(([account]) => plain(account));

  /* For each word, by account: whether it is in its number, its holder, its bank or its type. */
  const known = new Map();
  function hits(word) {
    if (!known.has(word)) {
      if (known.size > 50) known.clear();
      const inTexts = plainTexts.map((text) => text.includes(word));
      known.set(word, accounts.map(([, ...facts], place) => plainAccounts[place].includes(word) || facts.some((fact) => fact && inTexts[fact])));
    }
    return known.get(word);
  }

  function named(place) {
    const [account, ...facts] = accounts[place], known = facts.map(told).filter((fact, k) => fact && !(k === 1 && account.startsWith(fact)));
    return known.length ? `${account} (${known.join(", ")})` : account;
  }

  /* What a case's row and reasons say of a word. */
  function said({ seen, folded }, word) {
    const found = Object.entries(seen).filter(([, text]) => text.includes(word)).map(([name]) => name);
    return folded.includes(word) ? [...found, t("Reasons")] : found;
  }

  /* The accounts of a case that have all of some words, the first few by name. */
  function holding({ rank }, words) {
    const [flagged, ...own] = cases[rank] ?? [0];
    const fit = own.map((place, k) => [place, k < flagged]).filter(([place]) => words.every((word) => hits(word)[place]));
    const some = fit.slice(0, MOST_NAMED).map(([place, isFlagged]) => isFlagged
      ? t("flagged account {account}", { account: named(place) }) : t("account {account}", { account: named(place) }));
    const rest = fit.length - MOST_NAMED;
    return rest > 0 ? [...some, t("and {n} more", { n: graphflow.whole.format(rest) })] : some;
  }

  /* Why a case fits: an account that has all words says it best; else each word for itself. */
  function why(item, words) {
    const together = holding(item, words);
    if (together.length) return [...(words.length > 1 ? [] : said(item, words[0])), ...together].join("; ");
    return words.map((word) => {
      const found = [...said(item, word), ...holding(item, [word])].join("; ");
      return words.length > 1 ? t("“{word}” in {places}", { word, places: found }) : found;
    }).join(" · ");
  }

  graphflow.search = {
    lines, plain, told, named,
    words: (text) => plain(text).split(/\s+/).filter(Boolean),
    flagged: (rank) => (cases[rank] ?? [0]).slice(1, 1 + (cases[rank]?.[0] ?? 0)),
    fits(item, word) {
      if (Object.values(item.seen).some((text) => text.includes(word)) || item.folded.includes(word)) return true;
      const own = cases[item.rank], hit = hits(word);
      return own !== undefined && own.some((place, k) => k > 0 && hit[place]);
    },
    why,
  };
})();
