/** The page that answers "what is stuck, and on whom": a log-in form, and then a list. */
import { createHash } from 'node:crypto';

// Text goes into the page as text, never as HTML; an answer of 401 or 403 brings the form back.
const SCRIPT = `
  const [form, list, word] = ['form', 'table', 'p'].map((name) => document.querySelector(name));
  const cell = (row, text, page) => {
    const place = row.insertCell();
    const inside = page ? place.appendChild(document.createElement('a')) : place;
    if (page) inside.href = page;
    inside.textContent = text;
  };
  const show = async () => {
    const answer = await fetch('/operations/waiting');
    form.hidden = answer.ok;
    list.hidden = !answer.ok;
    const said = await answer.json();
    if (!answer.ok) return (word.textContent = answer.status === 401 ? 'Log in to see what waits.' : said.detail);
    word.textContent = said.items.length === 0 ? 'Nothing waits for anybody.' : said.items.length + ' pieces of work wait.';
    if (said.page) Object.assign(word.appendChild(document.createElement('a')), { href: said.page, textContent: ' All in the Web UI' });
    list.tBodies[0].replaceChildren();
    for (const work of said.items) {
      const row = list.tBodies[0].insertRow();
      row.id = work.workflow;
      cell(row, work.waitingOn);
      cell(row, work.stage);
      cell(row, new Date(work.begun).toLocaleString());
      cell(row, work.workflow, work.page);
    }
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = JSON.stringify(Object.fromEntries(new FormData(form)));
    const answer = await fetch('/operations/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (answer.ok) return show();
    word.textContent = (await answer.json()).detail;
  });
  show();
`;

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid #ccc; padding: .4rem; text-align: left; }
  label { display: block; margin: .5rem 0; }
`;

const HTML = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Strongroom: operations</title>
  <style>${STYLE}</style>
  <h1>What is stuck, and on whom</h1>
  <p>…</p>
  <form hidden>
    <label>E-mail <input name="email" type="email" autocomplete="username" required></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <button>Log in</button>
  </form>
  <table hidden>
    <thead><tr><th>Waiting on<th>Stage<th>Begun<th>Workflow</tr></thead>
    <tbody></tbody>
  </table>
  <script>${SCRIPT}</script>
</html>
`;

const digestOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The page, and the content security policy under which it runs nothing but its own script. */
export const operationsPage = (): { readonly html: string; readonly policy: string } => ({
  html: HTML,
  policy: [
    "default-src 'none'",
    "connect-src 'self'",
    `script-src ${digestOf(SCRIPT)}`,
    `style-src ${digestOf(STYLE)}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
});
