/** Pages of ours that are one file: the text, and the content security policy under which they run nothing but their own script. */
import { createHash } from 'node:crypto';
import type { SignInPage } from '../domain/sign-in.ts';
import type { LogInSettings } from '../stack/log-in-settings.ts';

export interface Page {
  readonly html: string;
  /** For the header `content-security-policy`. */
  readonly policy: string;
}

export interface PageParts {
  readonly title: string;
  readonly style: string;
  /** In HTML: never with text that somebody sent. */
  readonly body: string;
  readonly script: string;
}

export const SIGN_IN_PATH = '/sign-in';
/** With what behind its address a page is opened again after a sign-in. */
export const SIGNED_IN_MARK = 'signed-in';

/** Text that somebody wrote, as part of a page. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const PASSWORD_FIELDS = `
    <label>E-mail <input name="email" type="email" autocomplete="username" required></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <button>Log in</button>`;

/** What asks who somebody is: by the provider where there is one, and by a password where they are open. */
export function logInForm({ provider, passwords }: LogInSettings, page: SignInPage): string {
  const link =
    provider &&
    `
    <a class="button" href="${SIGN_IN_PATH}?page=${page}">Sign in with ${escapeHtml(provider.name)}</a>`;
  const both = link && passwords === 'open' ? '\n    <p class="or">or by your password</p>' : '';
  return `<form hidden>${link ?? ''}${both}${passwords === 'open' ? PASSWORD_FIELDS : ''}
  </form>`;
}

/** Whatever a page of ours looks like. */
export const PAGE_STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 30rem; padding: 0 1rem; }
  label { display: block; margin: .75rem 0; }
  input { display: block; width: 100%; box-sizing: border-box; margin-top: .25rem; padding: .5rem; font: inherit;
    border: 1px solid #767676; border-radius: .25rem; }
  button, .button { display: inline-block; padding: .5rem 1rem; font: inherit; text-decoration: none; cursor: pointer;
    color: #fff; background: #1d4f91; border: 1px solid #1d4f91; border-radius: .25rem; }
  button + button { color: #1d4f91; background: #fff; }
  .or { color: #595959; margin: 1rem 0 0; }
  [hidden] { display: none; }
`;

const digestOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export const makePage = ({ title, style, body, script }: PageParts): Page => ({
  html: `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>${title}</title>
  <style>${style}</style>
  ${body}
  <script>${script}</script>
</html>
`,
  policy: [
    "default-src 'none'",
    "connect-src 'self'",
    `script-src ${digestOf(script)}`,
    `style-src ${digestOf(style)}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
});
