/** The page `docs/permissions.md`, from the table of permissions and the declared routes. */
import { PERMISSIONS, SCOPES, STANDINGS, UPDATES, type Permission, type Standing } from '../domain/permissions.ts';
import { declaredRoutes } from './contract/all.ts';

const INTRODUCTION = `# Who may do what

This page is made out of [domain/permissions.ts](../domain/permissions.ts) by \`npm run api:openapi\`; change the table, not the
page. The API asks the same table about every request, before the handler: the API does not start with a route that has no
row, and whatever the table does not name, for instance an unknown scope, is refused.

- **yes**: allowed. What the state of things forbids (a decided request, a closed benchmark) is refused with its own code.
- **403**: the caller knows that the thing is there, and may not do this.
- **404**: to this caller the thing is not there; the answer is the same as for a name that nobody has.
- **401**: a token is needed, and none, or one that does not hold, was given.

*Account* operations are on nothing, or on what is the caller's own by its making; lists hold what the caller may see. An
account that is several things to one subject may do what any of them may.`;

const COLUMNS: readonly ('anonymous' | Standing | 'operator')[] = [
  'anonymous',
  ...(Object.keys(STANDINGS) as Standing[]),
  'operator',
];

const heading = { anonymous: 'no account', ...STANDINGS, operator: 'platform operator' };

function cell(permission: Permission, column: (typeof COLUMNS)[number]): string {
  switch (permission.callers) {
    case 'anyone':
      return 'yes';
    case 'account':
      return column === 'anonymous' ? '401' : 'yes';
    case 'operator':
      return column === 'anonymous' ? '401' : column === 'operator' ? 'yes' : '403';
    case 'by standing': {
      if (column === 'anonymous') return '401';
      // Operating the platform gives no more to see than any account has.
      const standing = column === 'operator' ? 'other' : column;
      return permission.may.includes(standing) ? 'yes' : permission.sees.includes(standing) ? '403' : '404';
    }
  }
}

const subjectOf = (permission: Permission) =>
  permission.callers === 'by standing' ? permission.subject : permission.callers === 'anyone' ? '' : 'account';

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

function operationRows(): string[][] {
  const routes = new Map<string, string>(
    declaredRoutes.map(({ config, method, url }) => [config.operation, `\`${method} ${url}\``]),
  );
  return Object.entries<Permission>(PERMISSIONS).map(([operation, permission]) => [
    routes.get(operation) ?? operation,
    subjectOf(permission),
    permission.callers === 'anyone' ? '' : permission.need,
    ...COLUMNS.map((column) => cell(permission, column)),
  ]);
}

/** The page as Markdown. */
export const permissionsDocument = (): string =>
  [
    INTRODUCTION,
    '## Operations of the API',
    'Routes that are not in the OpenAPI document (uploads by tus, pages, health) stand under the name of their row.',
    table(['operation', 'about', 'a token needs', ...COLUMNS.map((column) => heading[column])], operationRows()),
    '## Scopes of personal access tokens',
    'A token can do what its scopes say and its account may. Where the table says `session`, no token is enough.',
    table(
      ['scope', 'is to'],
      Object.entries(SCOPES).map(([scope, meaning]) => [`\`${scope}\``, meaning]),
    ),
    '## Updates of workflows',
    'Decisions reach a running workflow as Updates. Those of the platform are sent by an operation of the API, and so by whom\nits row admits; those of a party come from the party itself, as nobody else reaches its Temporal.',
    table(
      ['update', 'sent by'],
      Object.entries(UPDATES).map(([update, sender]) => [`\`${update}\``, sender]),
    ),
    '',
  ]
    .join('\n\n')
    .trimEnd() + '\n';
