/** Which folder may import which. Types may be looked at where values may not be used. */
const ours = [
  'activities',
  'api',
  'cli',
  'client',
  'containers',
  'crypto',
  'domain',
  'enclave',
  'stack',
  'storage',
  'workers',
  'workflows',
];
const may = (from, allowed) => ({
  name: `${from}-imports`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: {
    path: `^(${ours.filter((folder) => folder !== from && !allowed.includes(folder)).join('|')})/`,
    dependencyTypesNot: ['type-only'],
  },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    may('domain', []),
    may('crypto', ['domain']),
    may('containers', ['domain']),
    may('storage', ['domain']),
    may('client', ['domain', 'crypto']),
    may('stack', ['domain']),
    may('workflows', ['domain']),
    // The platform's own activities work on its database; the parties' activities reach it only through the API's client.
    {
      ...may('activities', ['domain', 'crypto', 'containers', 'client']),
      from: { path: '^activities/', pathNot: '^activities/(reviews|certification|housekeeping|platform)[.]ts$' },
    },
    may('workers', ['activities', 'domain', 'crypto', 'containers', 'client', 'storage', 'stack', 'workflows']),
    may('api', ['domain', 'storage', 'stack', 'workflows']),
    may('cli', ['domain', 'client', 'stack', 'crypto', 'workflows']),
    {
      name: 'api-and-cli-know-contracts-only',
      severity: 'error',
      from: { path: '^(api|cli)/' },
      to: { path: '^workflows/', pathNot: '(contract|task-queues)[.]ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|test|examples|bench|scripts)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
