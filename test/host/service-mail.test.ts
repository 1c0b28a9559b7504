import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { ServiceMail } from '../../src/host/endpoint.ts';
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

test('tells of what a service is asked within its process, as its mail, while an observer listens', () => {
  const { node: nodeOf, settle } = bench();
  const { node } = nodeOf('n1');
  const service = node.open('service', '', { add: v.object({ amount: v.number() }) });
  const heard: unknown[] = [];
  service.received.subscribe((received) => heard.push(received));
  expect(service.isObserved).toBe(false);
  const told: ServiceMail[] = [];
  const observing = node.serviceMail.subscribe((mail) => told.push(mail));
  expect(service.isObserved).toBe(true);
  service.tell('taken', 'n1/application/', add(1));
  service.tell('sent', 'n1/application/', { type: 'added' });
  settle();
  expect(told).toEqual([
    { direction: 'taken', from: 'n1/application/', to: 'n1/service/', message: add(1) },
    { direction: 'sent', from: 'n1/service/', to: 'n1/application/', message: { type: 'added' } },
  ]);
  expect(heard).toEqual([]);
  observing.unsubscribe();
  expect(service.isObserved).toBe(false);
});
