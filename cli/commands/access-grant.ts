import { EXIT, StrongroomError, isErrorCode } from '../../domain/errors.ts';
import { parseBenchmarkName, parseContainerName, parseEmailAddress } from '../../domain/ids.ts';
import { grantUpdate, type GrantOutcome } from '../../workflows/manage-access/contract.ts';
import { updateAccess } from '../access-entity.ts';
import { argument, defineCommand, listOption, option, requiredOption } from '../command.ts';
import { usage } from '../usage.ts';
import { parseMoment } from '../values.ts';

export const command = defineCommand({
  name: 'access grant',
  summary: 'Give authorised data owners access to a container',
  examples: ['strongroom access grant digits-model --benchmark digits --email bob@example.org --expires 90d'],
  details: 'Who cannot be granted access is passed over and named; the others get it all the same.',
  arguments: { name: argument('Your container', parseContainerName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    email: listOption('ADDRESS', 'Whom to grant access', parseEmailAddress),
    expires: option('TIME', 'When it ends: 90d, or a date', parseMoment),
  },
  async run({ arguments: { name }, options: { benchmark, email: emails, expires } }, context) {
    if (emails.length === 0) throw usage('Nobody was named.', 'Add --email ADDRESS.');
    const request = { emails, expiresAt: expires ?? null };
    const outcome = await updateAccess(context, { name, benchmark }, (entity) =>
      entity.executeUpdate(grantUpdate, { args: [request] }),
    );
    failIfNobody(outcome);
    return {
      data: { ...outcome },
      ids: outcome.granted.map(({ email }) => email),
      lines: [
        ...outcome.granted.map(({ email, fingerprint }) => `Granted to ${email} (${fingerprint}).`),
        ...outcome.skipped.map(({ email, code, message }) => `Passed over ${email}: ${code}: ${message}`),
      ],
      ...(outcome.skipped.length > 0 && { exitCode: EXIT.failed }),
    };
  },
});

function failIfNobody({ granted, skipped }: GrantOutcome): void {
  const [first] = skipped;
  if (granted.length > 0 || !first) return;
  const others = skipped.length > 1 ? ` (and ${skipped.length - 1} more)` : '';
  throw new StrongroomError(
    isErrorCode(first.code) ? first.code : 'E_CONFLICT',
    `${first.email}${others}: ${first.message}`,
  );
}
