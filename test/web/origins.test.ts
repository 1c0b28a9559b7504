import { expect, test } from 'vitest';
import { originCheck } from '../../src/web/origins.ts';

const passes = originCheck(['Store.Example']);

test('programs pass that name an address, localhost or a given name', () => {
  for (const host of ['127.0.0.1:4701', '[::1]:4701', '10.0.0.7', 'localhost:1', 'a.localhost', 'store.example:80']) {
    expect([host, passes({ host })]).toEqual([host, true]);
  }
  expect(passes({})).toBe(true);
});

test('a foreign name that resolves to this machine does not pass', () => {
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:4701', 'a b', '']) {
    expect([host, passes({ host })]).toEqual([host, false]);
    expect([host, passes({ host, origin: `http://${host}` })]).toEqual([host, false]);
  }
});

test('a page passes only where it was served', () => {
  expect(passes({ host: '127.0.0.1:4701', origin: 'http://127.0.0.1:4701' })).toBe(true);
  for (const origin of ['http://evil.example', 'http://127.0.0.1:4702', 'null', 'file://']) {
    expect([origin, passes({ host: '127.0.0.1:4701', origin })]).toEqual([origin, false]);
  }
  expect(passes({ origin: 'http://127.0.0.1' })).toBe(false);
});

test('what a page elsewhere loads does not pass, such as an image, and links that a person follows do', () => {
  const host = '127.0.0.1:4701';
  for (const site of ['cross-site', 'same-site']) {
    const loaded = { host, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    expect(passes(loaded)).toBe(false);
    expect(passes({ ...loaded, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })).toBe(false);
    expect(passes({ ...loaded, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })).toBe(true);
  }
  expect(passes({ host, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).toBe(true);
  expect(passes({ host, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })).toBe(true);
});
