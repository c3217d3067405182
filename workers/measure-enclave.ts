/**
 * Prints the registers that an enclave made of these very files has, as JSON: whoever has the source computes them and
 * compares them with what an attestation says.
 */
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { measureEnclave } from './enclave-measurements.ts';

process.stdout.write(`${JSON.stringify(await measureEnclave(readPlatformConfiguration().sandbox), null, 2)}\n`);
