/** Every project runs the TypeScript sources as native ES modules; swc only strips the types. */
const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  ...extra,
});

/** Stories that look whether anything of ours was left in Docker: another story beside them would be found, too. */
const ALONE = ['test/stories/demo.test.ts', 'test/stories/failing-models.test.ts'];

export default {
  // Of a test that hangs: on a busy machine everything else gets done before it.
  testTimeout: 600_000,
  testSequencer: '<rootDir>/test/longest-first.mjs',
  // They share one Docker Engine, and look whether anything was left in it.
  maxWorkers: 1,
  // A process for each file: a Temporal worker leaves hooks in its process that trip over the next file's contexts.
  workerIdleMemoryLimit: '1KB',
  projects: [
    project('domain', ['<rootDir>/test/domain/**/*.test.ts']),
    project('crypto', ['<rootDir>/test/crypto/**/*.test.ts']),
    project('client', ['<rootDir>/test/client/**/*.test.ts']),
    project('containers', ['<rootDir>/test/containers/**/*.test.ts']),
    project('enclave', ['<rootDir>/test/enclave/**/*.test.ts']),
    project('stack', ['<rootDir>/test/stack/**/*.test.ts']),
    project('api', ['<rootDir>/test/api/**/*.test.ts']),
    project('workflows', ['<rootDir>/test/workflows/**/*.test.ts', '<rootDir>/test/replay/**/*.test.ts']),
    project('cli', ['<rootDir>/test/cli/**/*.test.ts']),
    project('stories', ['<rootDir>/test/stories/**/*.test.ts'], { testPathIgnorePatterns: ALONE }),
    project(
      'stories-alone',
      ALONE.map((file) => `<rootDir>/${file}`),
    ),
    // Of the faults only those that take no long time are part of `npm test`; the whole is `npm run test:faults`.
    project('quick-faults', ['<rootDir>/test/faults/{witness,quick}/**/*.test.ts']),
    project('faults', ['<rootDir>/test/faults/**/*.test.ts']),
  ],
};
