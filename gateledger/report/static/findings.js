/* The findings' table: filters, sorts, pages, and shows a stage's timeline. Values only ever become text. */
"use strict";
(() => {
  const data = window.gateledgerFindings;
  if (!data) return;
  const PER_PAGE = 100;
  const [STATUS, POLICY, ACCOUNT, REGION, API, NAME, CERTIFICATE, CONDITION, SINCE, EVIDENCE, ARN, MESSAGE, REMEDIATION, KIND, OWNER, EXCEPTION, SERVED] =
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
  const ORDER = ["INCOMPLIANT", "UNDETERMINED", "COMPLIANT", "INAPPLICABLE", "DISAPPEARED"];
  const SIGNS = 0xe000;
  const asOf = Date.parse(data.asOf);
  const byId = (id) => document.getElementById(id);
  const form = byId("filters"), body = byId("findings").tBodies[0], count = byId("count");
  const pages = byId("pages"), previous = byId("previous"), next = byId("next"), where = byId("where");
  const dialog = byId("detail"), hasOwners = Object.keys(data.ownerPages).length > 0;

  const made = (name, text, kind) => {
    const node = document.createElement(name);
    if (text !== undefined && text !== null) node.textContent = text;
    if (kind) node.className = kind;
    return node;
  };
  const number = (value) => value.toLocaleString("en-US");
  const words = (name) => name.replaceAll(/[_-]/g, " ").replaceAll(/\b(aws|api|rest|acm|ssl|tls|http|id)\b/gi, (found) => found.toUpperCase());
  const last = (id) => id.slice(id.lastIndexOf("/") + 1);
  const minute = (text) => (text ? text.slice(0, 10) + " " + text.slice(11, 16) + " UTC" : "now");
  const days = (text) => Math.max(0, Math.floor((asOf - Date.parse(text)) / 86400000));
  const pill = (status) => made("span", status.toLowerCase(), "pill " + status.toLowerCase());

  const mark = (item) => {
    if (item.excepted === "no") return [];
    const link = made("a", "excepted", "mark");
    link.href = "exceptions.html";
    link.title = `Exception ${data.exceptions[item.row[EXCEPTION]][0]}`;
    return [" ", link];
  };
  const owner = (item) => {
    const page = data.ownerPages[item.owner], name = made("bdi", item.owner || "–");
    if (!page) return name;
    const link = made("a");
    link.href = page;
    link.append(name);
    return link;
  };

  /* A text with signs in the place of what it names, whole again. */
  function filled(row, template) {
    const [id, name] = data.apis[row[API]];
    const names = [data.accounts[row[ACCOUNT]][0], data.regions[row[REGION]], id, name, data.names[row[NAME]],
      row[CERTIFICATE] < 0 ? "" : data.certificates[row[CERTIFICATE]]];
    let text = "";
    for (const letter of template) {
      const at = letter.codePointAt(0) - SIGNS;
      text += at >= 0 && at < names.length ? names[at] ?? "" : letter;
    }
    return text;
  }
  const path = (row) => text(row, ARN).split(":").slice(5).join(":").replace(/^\//, "");
  const text = (row, column) => (row[column] < 0 ? "" : filled(row, data.texts[row[column]]));

  const rows = data.rows.map((row, at) => ({
    row, at,
    status: data.statuses[row[STATUS]], policy: data.policies[row[POLICY]],
    account: data.accounts[row[ACCOUNT]][0], region: data.regions[row[REGION]],
    owner: row[OWNER] < 0 ? "" : data.owners[row[OWNER]], excepted: row[EXCEPTION] < 0 ? "no" : "yes",
    sought: [data.names[row[NAME]], ...data.apis[row[API]], ...data.accounts[row[ACCOUNT]], data.regions[row[REGION]],
      row[CERTIFICATE] < 0 ? "" : data.certificates[row[CERTIFICATE]], data.conditions[row[CONDITION]], data.kinds[row[KIND]][1],
      row[OWNER] < 0 ? "" : data.owners[row[OWNER]], row[SERVED] < 0 ? "" : data.served[row[SERVED]], data.policies[row[POLICY]]].join("\n").toLowerCase(),
  }));
  const keys = {
    status: (item) => ORDER.indexOf(item.status), stage: (item) => data.names[item.row[NAME]],
    account: (item) => (data.accounts[item.row[ACCOUNT]][1] ?? "") + " " + item.account, region: (item) => item.region,
    policy: (item) => last(item.policy), condition: (item) => data.conditions[item.row[CONDITION]],
    owner: (item) => item.owner, since: (item) => data.times[item.row[SINCE]],
  };
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  let kept = rows, page = 0, sort = null;

  function filter() {
    const values = Object.fromEntries(new FormData(form));
    const sought = values.q.toLowerCase().split(/\s+/).filter(Boolean);
    kept = rows.filter((item) =>
      ["status", "policy", "account", "region", "owner", "excepted"].every((key) => !values[key] || item[key] === values[key]) &&
      sought.every((word) => item.sought.includes(word)));
    arrange();
    page = 0;
    show();
    const told = new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
    if (told !== location.hash.slice(1)) {
      try { history.replaceState(null, "", told ? "#" + told : location.pathname); } catch { /* a file's address may not be changed in every browser */ }
    }
  }

  function arrange() {
    if (!sort) { kept.sort((one, other) => one.at - other.at); return; }
    const key = keys[sort.key], way = sort.down ? -1 : 1;
    kept.sort((one, other) => {
      const a = key(one), b = key(other);
      return way * (typeof a === "number" ? a - b : collator.compare(a, b)) || one.at - other.at;
    });
  }

  function show() {
    const from = page * PER_PAGE, listed = kept.slice(from, from + PER_PAGE);
    body.replaceChildren(...listed.map(line));
    if (!listed.length) {
      const cell = made("td", "Nothing matches: clear a filter.", "empty");
      cell.colSpan = hasOwners ? 8 : 7;
      const row = made("tr");
      row.append(cell);
      body.append(row);
    }
    count.textContent = `${number(kept.length)} of ${number(rows.length)} ` +
      (rows.length < data.total ? `listed findings (of ${number(data.total)} in all)` : "findings");
    const lastPage = Math.max(0, Math.ceil(kept.length / PER_PAGE) - 1);
    pages.hidden = lastPage === 0;
    previous.disabled = page === 0;
    next.disabled = page === lastPage;
    where.textContent = listed.length ? `${number(from + 1)}–${number(from + listed.length)} of ${number(kept.length)}` : "";
  }

  function line(item) {
    const { row } = item, [id, api] = data.apis[row[API]], [account, name] = data.accounts[row[ACCOUNT]];
    const tr = made("tr");
    const cell = (...nodes) => { const td = made("td"); td.append(...nodes); tr.append(td); return td; };
    cell(pill(item.status), ...mark(item));
    const head = made("th");
    head.scope = "row";
    const button = made("button", undefined, "open");
    button.type = "button";
    button.append(made("bdi", data.names[row[NAME]]));
    button.addEventListener("click", () => detail(item));
    const api_line = made("small", undefined, "id");
    if (data.kinds[row[KIND]][0] === "stage") api_line.append("of ", made("bdi", api || id), api ? ` (${id})` : "");
    else api_line.append(data.kinds[row[KIND]][1] + " ", made("bdi", path(row)));
    head.append(button, api_line);
    tr.append(head);
    const page = data.accountPages[account];
    const label = made(page ? "a" : "span", name || account);
    if (page) label.href = page;
    cell(label, name ? made("small", account, "id") : "");
    cell(item.region).className = "region";
    cell(last(item.policy));
    const condition = cell(words(data.conditions[row[CONDITION]]));
    if (row[SERVED] >= 0) {
      const served = made("small", undefined, "id served");
      served.append(made("bdi", data.served[row[SERVED]]));
      condition.append(served);
    }
    if (hasOwners) cell(owner(item)).className = "owner";
    const since = data.times[row[SINCE]];
    cell(made("span", since.slice(0, 10), "date"), " ", made("small", days(since) + " d"));
    return tr;
  }

  function detail(item) {
    const { row, at } = item, [id, api] = data.apis[row[API]], [account, name] = data.accounts[row[ACCOUNT]];
    byId("detail-title").replaceChildren(made("bdi", data.names[row[NAME]]));
    const [policyName, policyPage] = data.pages[item.policy];
    const link = made("a", policyName);
    link.href = policyPage;
    const facts = made("dl");
    const fact = (label, ...nodes) => { const dd = made("dd"); dd.append(...nodes); facts.append(made("dt", label), dd); };
    const age = days(data.times[row[SINCE]]);
    fact("Status", pill(item.status), ` since ${minute(data.times[row[SINCE]])}, ${age} ${age === 1 ? "day" : "days"}`);
    fact("Policy", link);
    fact("What was seen", made("bdi", text(row, MESSAGE)));
    if (row[REMEDIATION] >= 0) fact("What to do", made("bdi", text(row, REMEDIATION)));
    fact("Judged", data.kinds[row[KIND]][1]);
    if (id !== null) fact("REST API", made("bdi", api ?? ""), api ? ` (${id})` : id);
    if (item.owner) fact("Owner", owner(item));
    if (item.excepted === "yes") {
      const [exception, until] = data.exceptions[row[EXCEPTION]];
      fact("Exception", ...mark(item), ` ${exception}, until ${until}`);
    }
    fact("Account", name ? `${name} (${account})` : account, `, ${item.region}`);
    if (row[CERTIFICATE] >= 0) fact("Certificate", made("code", data.certificates[row[CERTIFICATE]]));
    fact("ARN", made("code", text(row, ARN)));
    fact("Last read", row[EVIDENCE] < 0 ? "never" : minute(data.times[row[EVIDENCE]]));
    byId("detail-body").replaceChildren(facts, ...timeline(data.timelines[at]), ...changes(data.changes[at]));
    dialog.showModal();
  }

  function table(heads, lines, label) {
    const holder = made("div", undefined, "scroll"), result = made("table"), top = made("tr"), rest = made("tbody");
    holder.tabIndex = 0;
    holder.role = "region";
    holder.ariaLabel = label;
    result.append(made("caption", label, "hidden"), made("thead"), rest);
    result.tHead.append(top);
    top.append(...heads.map((text) => { const th = made("th", text); th.scope = "col"; return th; }));
    rest.append(...lines.map((cells) => {
      const tr = made("tr");
      tr.append(...cells.map((content) => { const td = made("td"); td.append(content); return td; }));
      return tr;
    }));
    holder.append(result);
    return holder;
  }

  function timeline(flat) {
    if (!flat.length) return [];
    const intervals = [];
    for (let at = 0; at < flat.length; at += 4) {
      const to = flat[at + 1] < 0 ? null : data.times[flat[at + 1]];
      intervals.push({ from: data.times[flat[at]], to, status: data.statuses[flat[at + 2]], condition: data.conditions[flat[at + 3]] });
    }
    const begin = Date.parse(intervals[0].from), whole = Math.max(1, asOf - begin);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "timeline");
    svg.setAttribute("viewBox", "0 0 1000 18");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${intervals.length} intervals since ${minute(intervals[0].from)}; they are listed below`);
    for (const one of intervals) {
      const rect = document.createElementNS(svg.namespaceURI, "rect");
      const x = (1000 * (Date.parse(one.from) - begin)) / whole;
      const end = one.to ? (1000 * (Date.parse(one.to) - begin)) / whole : 1000;
      rect.setAttribute("class", one.status.toLowerCase());
      rect.setAttribute("x", x.toFixed(1));
      rect.setAttribute("width", Math.max(2, end - x - 1).toFixed(1));
      rect.setAttribute("height", "18");
      svg.append(rect);
    }
    const ends = made("p", undefined, "ends");
    ends.append(made("span", intervals[0].from.slice(0, 10)), made("span", data.asOf.slice(0, 10)));
    const lines = intervals.reverse().map((one) => [minute(one.from), one.to ? minute(one.to) : "holds now", pill(one.status), words(one.condition)]);
    return [made("h3", "Timeline under this policy"), svg, ends, table(["From", "To", "Status", "Condition"], lines, "Timeline, newest first")];
  }

  function changes(list) {
    if (!list.length) return [];
    const lines = [...list].reverse().map(([time, changed, certificate]) =>
      [minute(data.times[time]), changed.map((part) => data.changed[part]).join("; "), certificate < 0 ? "none" : made("code", data.certificates[certificate])]);
    return [made("h3", "What changed on the stage"), table(["Found", "Changed", "Certificate since then"], lines, "Changes of the stage, newest first")];
  }

  function fromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const field of ["q", "status", "policy", "account", "region", "owner", "excepted"]) {
      const control = form.elements[field];
      if (!control) continue;
      control.value = wanted.get(field) ?? "";
      if (control.selectedIndex === -1) control.selectedIndex = 0;
    }
    filter();
  }

  document.querySelectorAll("#findings thead th").forEach((head, _, heads) => {
    const button = made("button", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = sort?.key === head.dataset.key && !sort.down;
      sort = { key: head.dataset.key, down };
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      arrange();
      page = 0;
      show();
    });
  });
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  previous.addEventListener("click", () => { page -= 1; show(); });
  next.addEventListener("click", () => { page += 1; show(); });
  byId("close").addEventListener("click", () => dialog.close());
  window.addEventListener("hashchange", fromAddress);
  form.hidden = false;
  fromAddress();
})();
