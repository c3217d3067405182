import { expect, test } from '@jest/globals';
import { signWebhook } from '../../crypto/webhook-signature.ts';

test('the signature of a webhook is that of the example of Standard Webhooks', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const content = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
  expect(signWebhook([key], content)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('by two keys there are two, with a space between, as Standard Webhooks has it while a secret is replaced', () => {
  const content = { id: 'msg_1', timestamp: 1_614_265_330, body: '{}' };
  const keys = [Buffer.from('the new key'), Buffer.from('the old key')];
  expect(signWebhook(keys, content)).toBe(keys.map((key) => signWebhook([key], content)).join(' '));
  expect(signWebhook(keys, content)).toMatch(/^v1,\S+ v1,\S+$/);
});
