/** Which folder may import which: DESIGN.md's table as rules. A folder that is not named in a list may not be imported. */
const FOLDERS = [
  'activities',
  'api',
  'cli',
  'client',
  'console',
  'containers',
  'crypto',
  'domain',
  'enclave',
  'stack',
  'storage',
  'workers',
  'workflows',
];

const outside = (from, allowed) =>
  `^(${FOLDERS.filter((folder) => folder !== from && !allowed.includes(folder)).join('|')})/`;
const forbid = (name, from, to) => ({ name, severity: 'error', from, to });
const may = (from, allowed, pathNot = []) =>
  forbid(`${from}-imports`, { path: `^${from}/` }, { path: outside(from, allowed), pathNot });
/** Hashes and signed heads of the log: no key of a party, nothing that opens anything. */
const LOG = ['^crypto/transparency/'];

/** The platform's own activities work on its database; the parties' activities reach it only through the API's client. */
const PLATFORM_ACTIVITIES =
  '^activities/(audit|certification|deployments|event-mails|housekeeping|jobs|job-batch-[a-z]+|platform|review-mails|reviews|webhook-request|webhooks)[.]ts$';

module.exports = {
  forbidden: [
    forbid('no-cycles', {}, { circular: true }),
    forbid('no-unresolved-imports', {}, { couldNotResolve: true }),
    may('domain', []),
    may('crypto', ['domain']),
    may('containers', ['domain']),
    may('enclave', ['domain', 'crypto']),
    may('storage', ['domain'], LOG),
    may('stack', ['domain']),
    may('client', ['domain', 'crypto']),
    may('console', ['client']),
    may('api', ['domain', 'storage', 'stack', 'workflows'], LOG),
    may('cli', ['domain', 'client', 'stack', 'crypto', 'containers', 'workflows']),
    may(
      'workers',
      FOLDERS.filter((folder) => !['api', 'cli', 'console'].includes(folder)),
    ),
    may('workflows', ['domain', 'activities']),
    forbid(
      'workflows-know-activities-by-type-only',
      { path: '^workflows/' },
      { path: '^activities/', dependencyTypesNot: ['type-only'] },
    ),
    forbid('pure-code-does-no-io', { path: '^(domain|workflows)/' }, { dependencyTypes: ['core'] }),
    forbid(
      'parties-activities-imports',
      { path: '^activities/', pathNot: PLATFORM_ACTIVITIES },
      { path: outside('activities', ['domain', 'crypto', 'containers', 'client', 'enclave', 'workflows']) },
    ),
    forbid(
      'platform-activities-imports',
      { path: PLATFORM_ACTIVITIES },
      { path: outside('activities', ['domain', 'crypto', 'containers', 'client', 'enclave', 'storage', 'workflows']) },
    ),
    forbid(
      'contracts-only',
      { path: '^(activities|api|cli)/' },
      { path: '^workflows/', pathNot: '(/contract|/task-queues)[.]ts$' },
    ),
    forbid('product-stands-alone', { path: `^(${FOLDERS.join('|')})/` }, { path: '^(test|bench|examples|scripts)/' }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
