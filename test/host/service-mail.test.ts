import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { ServiceMail } from '../../src/host/mail.ts';
import { add, bench } from './bench.ts';

test('tells what a service takes in, before the service hears it, and what it sends', () => {
  const { node: nodeOf, peer, settle } = bench();
  const { node } = nodeOf('n1');
  const told: (ServiceMail | 'heard')[] = [];
  node.serviceMail.subscribe((mail) => told.push(mail));
  const service = node.open('service', '', { add: v.object({ amount: v.number() }) });
  service.received.subscribe(({ from }) => {
    told.push('heard');
    service.send(from, { type: 'added' });
  });
  const { say, heard } = peer('n2');
  say(service.address, add(1));
  settle();
  expect(told).toEqual([
    { direction: 'taken', from: 'n2/test.peer/', to: 'n1/service/', message: add(1) },
    'heard',
    { direction: 'sent', from: 'n1/service/', to: 'n2/test.peer/', message: { type: 'added' } },
  ]);
  expect(heard).toEqual([{ type: 'added' }]);
});

test('tells of no message that the service does not take', () => {
  const { node: nodeOf, peer, settle } = bench();
  const { node } = nodeOf('n1');
  const told: ServiceMail[] = [];
  node.serviceMail.subscribe((mail) => told.push(mail));
  const service = node.open('service', '', { add: v.object({ amount: v.number() }) });
  const { say } = peer('n2');
  say(service.address, { type: 'unheard-of' });
  settle();
  expect(told).toEqual([]);
  expect(node.refused.malformed).toBe(1);
});
