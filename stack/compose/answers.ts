/** Whether a process of ours answers at its socket: `node answers.ts SOCKET QUESTION` ends with 0 where it does. */
import { askLocally } from '../local-service.ts';

const [socket = '', question = ''] = process.argv.slice(2);
await askLocally(socket, question, {});
