import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  jsonRoute,
  PagePortError,
  type PageServer,
  PagesMissingError,
  servePages,
} from '../../src/dashboard/page-server.ts';

let folder: string;
const servers: PageServer[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-pages-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Quorate</title>');
  writeFileSync(join(folder, 'assets', 'app.js'), 'export {};');
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true });
});

const serve = async (options: Partial<Parameters<typeof servePages>[0]> = {}): Promise<PageServer> => {
  const server = await servePages({ files: folder, ...options });
  servers.push(server);
  return server;
};

/** Asks for a path exactly as it is written, which `fetch` would not. */
const ask = (
  { url }: PageServer,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (part) => {
        body += String(part);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });

test('serves the files of a folder by their names, the index as the root', async () => {
  const server = await serve();
  expect(await ask(server, '/')).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  });
  expect((await ask(server, '/?seed=7')).body).toContain('Quorate');
  const script = await ask(server, '/assets/app.js');
  expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(script.body).toBe('export {};');
  expect(await ask(server, '/assets/app.js', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
});

test('reads nothing else, however it is asked for', async () => {
  const server = await serve();
  for (const path of [
    '/../package.json',
    '/assets/../../etc/passwd',
    '/%2e%2e/x',
    '//etc/passwd',
    '/assets',
    '/none',
  ]) {
    expect([path, (await ask(server, path)).status]).toEqual([path, 404]);
  }
});

test('lets what it serves load nothing from elsewhere', async () => {
  const server = await serve();
  for (const path of ['/', '/none']) {
    const { headers } = await ask(server, path);
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
  }
});

test('refuses foreign names, and pages that were not served here', async () => {
  const server = await serve({ routes: { '/recording.json': jsonRoute({}) } });
  for (const path of ['/', '/recording.json']) {
    expect((await ask(server, path, { headers: { host: 'evil.example' } })).status).toBe(421);
    expect((await ask(server, path, { headers: { origin: 'http://evil.example' } })).status).toBe(421);
  }
});

test('answers routes before files, and reads JSON alone from those that are JSON', async () => {
  const server = await serve({
    routes: {
      '/recording.json': jsonRoute({ items: [1] }),
      '/fails': () => {
        throw new Error('no such luck');
      },
    },
  });
  expect(JSON.parse((await ask(server, '/recording.json?x')).body)).toEqual({ items: [1] });
  expect(await ask(server, '/recording.json', { method: 'POST' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
  expect(await ask(server, '/fails')).toMatchObject({ status: 500, body: 'no such luck\n' });
  expect(await ask(server, '/', { method: 'DELETE' })).toMatchObject({ status: 405 });
});

test('says what is wrong when there are no pages, or the port is taken', async () => {
  await expect(servePages({ files: join(folder, 'none') })).rejects.toThrow(PagesMissingError);
  await expect(servePages({ files: join(folder, 'assets') })).rejects.toThrow('found none; build them');
  const { port } = new URL((await serve()).url);
  await expect(servePages({ files: folder, port: Number(port) })).rejects.toThrow(PagePortError);
});

test('frees its port when it is closed, whoever is connected', async () => {
  const server = await serve();
  await fetch(server.url);
  await server.close();
  await expect(fetch(server.url)).rejects.toThrow();
});
