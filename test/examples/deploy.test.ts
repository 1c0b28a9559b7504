/** The examples of deployment say what the command line takes, and what a node needs to start and to stop. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pc from 'picocolors';
import * as v from 'valibot';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { commandsFor } from '../../src/cli/commands.ts';
import { program } from '../fixtures/processes.ts';

const folder = join(import.meta.dirname, '../../examples/deploy');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const ids = ['n1', 'n2', 'n3'];

const parsed = v.object({
  id: v.string(),
  listen: v.object({ port: v.literal(4_801) }),
  http: v.object({ port: v.literal(4_701) }),
  data: v.string(),
  secretFile: v.string(),
  ca: v.string(),
  cert: v.string(),
  key: v.string(),
  peer: v.map(v.string(), v.object({ host: v.string(), port: v.literal(4_801) })),
});

/** What `quorate node` makes of words that follow `quorate`. */
async function optionsOf(words: readonly string[]): Promise<v.InferOutput<typeof parsed>> {
  const plain = pc.createColors(false);
  const terminal = { out() {}, err() {}, outColours: plain, errColours: plain };
  const [command] = await commandsFor(words, { terminal, program });
  if (command === undefined) throw new Error('there is no such command');
  command.exitOverride().action(() => {});
  await command.parseAsync(words.slice(1), { from: 'user' });
  return v.parse(parsed, command.opts());
}

/** A member, whose peers are all others. */
function expectMember({ id, peer }: v.InferOutput<typeof parsed>, members: readonly string[]): void {
  expect(members).toContain(id);
  expect([...peer.keys()].sort()).toEqual(members.filter((it) => it !== id));
}

const wordsOf = (text: string): readonly string[] => text.trim().split(/\s+/);

describe('the Compose file', () => {
  const service = v.object({ command: v.string(), volumes: v.array(v.string()), stop_grace_period: v.literal('15s') });
  const { services } = v.parse(
    v.object({ services: v.record(v.string(), service) }),
    parse(read('compose.yaml'), { merge: true }),
  );

  test('starts three members that name each other, each with a volume of its own', async () => {
    expect(Object.keys(services)).toEqual(ids);
    for (const [id, { command, volumes }] of Object.entries(services)) {
      const options = await optionsOf(wordsOf(command));
      expect(options.id).toBe(id);
      expectMember(options, ids);
      expect(volumes[0]).toBe(`${id}:/data`);
      expect(volumes[1]).toBe(`./secret:${options.secretFile}:ro`);
      expect(volumes[2]).toBe(`./certs:${dirname(options.ca)}:ro`);
      expect([options.cert, options.key]).toEqual([`/run/certs/${id}.pem`, `/run/certs/${id}.key.pem`]);
      expect(options.data).toMatch(/^\/data\//);
    }
  });
});

describe('the systemd unit', () => {
  const text = read('quorate.service');
  const lineOf = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  /** The file of variables that its comment shows. */
  const variables = new Map(
    [...text.matchAll(/^#.*?\b(ID|LISTEN|HTTP|PEERS)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );

  test('starts a member with the variables that it tells to write down', async () => {
    expect([...variables.keys()]).toEqual(['ID', 'LISTEN', 'HTTP', 'PEERS']);
    const line = lineOf('ExecStart')
      .replace(/\$\{(\w+)\}/g, (_all, name: string) => variables.get(name) ?? '')
      .replace(/\$(\w+)/g, (_all, name: string) => variables.get(name) ?? '');
    const words = wordsOf(line);
    expect(words.slice(0, 2)).toEqual(['/usr/bin/env', 'quorate']);
    const options = await optionsOf(words.slice(2));
    expectMember(options, ids);
    expect(options.data).toBe(`/var/lib/${lineOf('StateDirectory')}/node`);
  });

  test.skipIf(!existsSync('/usr/bin/systemd-analyze'))('is one that systemd finds no fault with', () => {
    const { stderr } = spawnSync('systemd-analyze', ['verify', join(folder, 'quorate.service')], { encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => line.includes('quorate.service'))).toEqual([]);
  });
});

describe('the StatefulSet', () => {
  const probe = v.object({
    httpGet: v.object({ path: v.string(), port: v.literal('http'), scheme: v.literal('HTTPS') }),
  });
  const container = v.object({
    command: v.tuple([v.literal('/bin/sh'), v.literal('-euc'), v.string()]),
    livenessProbe: probe,
    readinessProbe: probe,
    volumeMounts: v.array(v.object({ name: v.string(), mountPath: v.string() })),
  });
  const set = v.object({
    kind: v.literal('StatefulSet'),
    spec: v.object({
      serviceName: v.string(),
      replicas: v.number(),
      podManagementPolicy: v.literal('Parallel'),
      template: v.object({ spec: v.object({ containers: v.tuple([container]) }) }),
    }),
  });
  const documents = parseAllDocuments(read('kubernetes.yaml')).map((it): unknown => it.toJS());
  const { serviceName, replicas, template } = v.parse(set, documents.at(-1)).spec;
  const [node] = template.spec.containers;

  test('is parsed without an error, and asks whether a node is ready where nodes say so', () => {
    expect(parseAllDocuments(read('kubernetes.yaml')).flatMap(({ errors }) => errors)).toEqual([]);
    expect([node.livenessProbe.httpGet.path, node.readinessProbe.httpGet.path]).toEqual(['/healthz', '/readyz']);
  });

  test('starts each pod as a member whose peers are the others, with a secret that its owner alone can read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-deploy-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const [given, own, bin] = ['given', 'own', 'quorate'].map((name) => join(directory, name));
    if (given === undefined || own === undefined || bin === undefined) throw new Error('unreachable');
    writeFileSync(given, 'secret', { mode: 0o640 });
    // Stands for the command, and tells with what it was called.
    writeFileSync(bin, '#!/bin/sh\nprintf "%s\\n" "$@"\n');
    chmodSync(bin, 0o700);
    const script = node.command[2].replaceAll('/run/secret/secret', given).replaceAll('/run/own/secret', own);
    const members = Array.from({ length: replicas }, (_, at) => `quorate-${at}`);
    for (const member of members) {
      rmSync(own, { force: true });
      const words = execFileSync('/bin/sh', ['-euc', script], {
        env: { PATH: `${directory}:/usr/bin:/bin`, HOSTNAME: member },
        encoding: 'utf8',
      });
      const options = await optionsOf(wordsOf(words));
      expect(options.id).toBe(member);
      expectMember(options, members);
      expect([...options.peer].every(([id, { host }]) => host === `${id}.${serviceName}`)).toBe(true);
      expect(options.secretFile).toBe(own);
      expect([options.cert, options.key]).toEqual([`/run/certs/${member}.pem`, `/run/certs/${member}.key.pem`]);
      expect(node.volumeMounts.some(({ mountPath }) => dirname(options.ca) === mountPath)).toBe(true);
      expect(statSync(own).mode & 0o777).toBe(0o600);
      expect(node.volumeMounts.some(({ mountPath }) => options.data.startsWith(`${mountPath}/`))).toBe(true);
    }
  });
});
