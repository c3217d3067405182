/** The page behind the link of a verification mail. */
import { createHash } from 'node:crypto';

// Programs that scan mail follow links; only a person presses the button, so only a person verifies.
const SCRIPT = `
  document.querySelector('button').addEventListener('click', async () => {
    const token = new URLSearchParams(location.search).get('token');
    const answer = await fetch(location.pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    const problem = answer.ok ? null : await answer.json();
    document.querySelector('p').textContent = problem ? problem.detail : 'Your address is verified. You can log in now.';
  });
`;

const HTML = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Strongroom</title>
  <h1>Strongroom</h1>
  <p>Confirm that you signed up with this address. <button>Confirm</button></p>
  <script>${SCRIPT}</script>
</html>
`;

const DIGEST = createHash('sha256').update(SCRIPT).digest('base64');

/** The page, and the content security policy under which it runs nothing but its own script. */
export const verificationPage = (): { readonly html: string; readonly policy: string } => ({
  html: HTML,
  policy: `default-src 'none'; connect-src 'self'; script-src 'sha256-${DIGEST}'; frame-ancestors 'none'`,
});
