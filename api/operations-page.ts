/** The page that answers "what is stuck, and on whom": a log-in form, and then a list. */
import { logInForm, makePage, PAGE_STYLE, SIGN_IN_PATH, SIGNED_IN_MARK, type Page } from './page.ts';
import type { LogInSettings } from '../stack/log-in-settings.ts';

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
  const fetchSession = async () => {
    history.replaceState(null, '', location.pathname);
    const answer = await fetch('/operations${SIGN_IN_PATH}', { method: 'POST' });
    if (answer.ok) return show();
    form.hidden = false;
    word.textContent = (await answer.json()).detail;
  };
  location.hash === '#${SIGNED_IN_MARK}' ? fetchSession() : show();
`;

const STYLE = `${PAGE_STYLE}
  body { max-width: 70rem; }
  form { max-width: 28rem; }
  table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid #ccc; padding: .4rem; text-align: left; }
`;

const body = (ways: LogInSettings) => `<h1>What is stuck, and on whom</h1>
  <p>…</p>
  ${logInForm(ways, 'operations')}
  <table hidden>
    <thead><tr><th>Waiting on<th>Stage<th>Begun<th>Workflow</tr></thead>
    <tbody></tbody>
  </table>`;

export const operationsPage = (ways: LogInSettings): Page =>
  makePage({ title: 'Strongroom: operations', style: STYLE, body: body(ways), script: SCRIPT });
