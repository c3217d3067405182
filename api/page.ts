/** Pages of ours that are one file: the text, and the content security policy under which they run nothing but their own script. */
import { createHash } from 'node:crypto';

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

/** What asks for an address and a password. */
export const LOG_IN_FORM = `<form hidden>
    <label>E-mail <input name="email" type="email" autocomplete="username" required></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <button>Log in</button>
  </form>`;

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
