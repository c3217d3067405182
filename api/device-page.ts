/** The page on which a person approves the log-in of a device, after seeing from where it is asked for. */
import { logInForm, makePage, PAGE_STYLE, SIGN_IN_PATH, SIGNED_IN_MARK, type Page } from './page.ts';
import type { LogInSettings } from '../stack/log-in-settings.ts';

export const DEVICE_PATH = '/device';

// The session lives in this page only, and ends with the answer. Text goes into the page as text, never as HTML.
const SCRIPT = `
  const [login, code, choice] = document.querySelectorAll('form');
  const word = document.querySelector('p');
  let session = null;
  const ask = async (method, path, body) => {
    const headers = { ...(session && { authorization: 'Bearer ' + session }), ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const said = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) throw new Error([said.detail, said.why].filter(Boolean).join(' '));
    return said;
  };
  const step = (form, text) => {
    for (const each of [login, code, choice]) each.hidden = each !== form;
    word.textContent = text;
  };
  const on = (form, work) => form.addEventListener('submit', (event) => {
    event.preventDefault();
    work(event).catch((error) => (word.textContent = error.message));
  });
  // The code stays in this tab while the person is at the provider; the address is no place for it.
  const kept = 'strongroom-device-code';
  const back = location.hash === '#${SIGNED_IN_MARK}';
  code.elements.code.value = back ? sessionStorage.getItem(kept) ?? '' : location.hash.slice(1);
  sessionStorage.removeItem(kept);
  login.querySelector('a')?.addEventListener('click', () => sessionStorage.setItem(kept, code.elements.code.value));
  const admit = (answer) => {
    session = answer.token;
    step(code, 'You are ' + answer.account.handle + ' (' + answer.account.email + '). ' +
      (code.elements.code.value ? 'Is this the code that the device shows?' : 'Type the code that the device shows.'));
  };
  on(login, async () => {
    admit(await ask('POST', '/v1/sessions', Object.fromEntries(new FormData(login))));
    login.reset();
  });
  const path = () => '/v1/device-logins/' + encodeURIComponent(code.elements.code.value.trim());
  on(code, async () => {
    const asked = await ask('GET', path());
    step(choice, 'A log-in is asked for from ' + asked.networkAddress + ' by ' + (asked.program || 'a program without a name') +
      ' at ' + new Date(asked.requestedAt).toLocaleString() + '. Approve it only if this was you: that device can then do all that you can.');
  });
  on(choice, async (event) => {
    const approved = event.submitter.value === 'approval';
    await ask('POST', path() + '/' + event.submitter.value);
    await ask('DELETE', '/v1/sessions/current');
    session = null;
    step(null, approved ? 'Approved. Go back to the device.' : 'Refused. The device was not logged in.');
  });
  const start = (text) => step(login, text);
  if (back) {
    history.replaceState(null, '', location.pathname);
    ask('POST', location.pathname + '${SIGN_IN_PATH}').then(admit, (error) => start(error.message));
  } else start('Log in to approve a device.');
`;

const body = (ways: LogInSettings) => `<h1>Log in a device</h1>
  <p aria-live="polite">…</p>
  ${logInForm(ways, 'device')}
  <form hidden>
    <label>Code <input name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required></label>
    <button>Go on</button>
  </form>
  <form hidden>
    <button value="approval">Approve</button>
    <button value="refusal">Refuse</button>
  </form>`;

export const devicePage = (ways: LogInSettings): Page =>
  makePage({ title: 'Strongroom: log in a device', style: PAGE_STYLE, body: body(ways), script: SCRIPT });
