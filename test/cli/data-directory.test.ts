import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClusterOptionsError, DataDirectoryError } from '../../src/cli/errors.ts';
import { claimDataDirectory } from '../../src/cli/up/data-directory.ts';

const three = { cluster: 'quorate', nodes: ['n1', 'n2', 'n3'] };

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-data-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe('a data directory', () => {
  test('is made, and found again', () => {
    const directory = join(temporary(), 'deep', 'down');
    expect(claimDataDirectory(directory, three).isNew).toBe(true);
    expect(claimDataDirectory(directory, three).isNew).toBe(false);
  });

  test('is made also after a crash while it was made', () => {
    const directory = temporary();
    writeFileSync(join(directory, 'cluster.json.tmp'), '{"vers');
    expect(claimDataDirectory(directory, three).isNew).toBe(true);
    expect(claimDataDirectory(directory, three).isNew).toBe(false);
  });

  test('of other nodes, or of another cluster, is refused with the way to start it', () => {
    const directory = temporary();
    claimDataDirectory(directory, three);
    const file = readFileSync(join(directory, 'cluster.json'));
    const other = (wanted: typeof three, hint: RegExp): void => {
      expect(() => claimDataDirectory(directory, wanted)).toThrow(DataDirectoryError);
      expect(() => claimDataDirectory(directory, wanted)).toThrow(hint);
    };
    other({ ...three, nodes: ['n1', 'n2', 'n3', 'n4', 'n5'] }, /holds the data of 3 nodes.*--nodes 3/);
    other({ ...three, nodes: ['n1'] }, /--nodes 3/);
    other({ ...three, cluster: 'blue' }, /cluster 'quorate'.*--cluster quorate/);
    expect(readFileSync(join(directory, 'cluster.json'))).toEqual(file);
    expect(claimDataDirectory(directory, three).isNew).toBe(false);
  });

  test('remembers by which protocol its cluster is replicated; one that does not say has Raft', () => {
    const directory = temporary();
    expect(claimDataDirectory(directory, three)).toEqual({ isNew: true, protocol: 'raft' });
    expect(JSON.parse(readFileSync(join(directory, 'cluster.json'), 'utf8'))).toMatchObject({ protocol: 'raft' });
    writeFileSync(join(directory, 'cluster.json'), JSON.stringify({ version: 1, ...three }));
    expect(claimDataDirectory(directory, three, { protocol: 'raft' })).toEqual({ isNew: false, protocol: 'raft' });
    const other = (): unknown => claimDataDirectory(directory, three, { protocol: 'paxos' });
    expect(other).toThrow(DataDirectoryError);
    expect(other).toThrow(/replicated by raft, not by paxos; start it with --protocol raft/);
    writeFileSync(join(directory, 'cluster.json'), JSON.stringify({ version: 1, ...three, protocol: 'gossip' }));
    expect(() => claimDataDirectory(directory, three)).toThrow(/cluster\.json' to read like.*"protocol":"raft"/);
  });

  test('remembers what an acknowledgement is worth where its cluster is replicated by primary-backup', () => {
    const directory = temporary();
    const begun = { protocol: 'primary-backup', mode: 'async', maxLoss: 7, minInSync: 2 } as const;
    expect(claimDataDirectory(directory, three, begun)).toEqual({ isNew: true, ...begun });
    expect(claimDataDirectory(directory, three)).toEqual({ isNew: false, ...begun });
    const other = (): unknown => claimDataDirectory(directory, three, { mode: 'sync' });
    expect(other).toThrow(DataDirectoryError);
    expect(other).toThrow(
      /expected mode sync, got async in the data of .*start it with --mode async --max-loss 7 --min-in-sync 2/,
    );
    const more = (): unknown => claimDataDirectory(directory, three, { maxLoss: 8 });
    expect(more).toThrow(/expected maxLoss 8, got 7/);
    const standard = { protocol: 'primary-backup', mode: 'sync', maxLoss: 0, minInSync: 1 } as const;
    expect(claimDataDirectory(temporary(), three, { protocol: 'primary-backup' })).toEqual({
      isNew: true,
      ...standard,
    });
  });

  test('is given no mode where the protocol has none, and nothing is made', () => {
    const directory = temporary();
    const claim = (): unknown => claimDataDirectory(directory, three, { protocol: 'paxos', mode: 'quorum' });
    expect(claim).toThrow(ClusterOptionsError);
    expect(claim).toThrow(
      /no --mode, .* for a store that is replicated by paxos, got --mode quorum;.*--protocol primary-backup/,
    );
    expect(claimDataDirectory(directory, three).isNew).toBe(true);
    expect(() => claimDataDirectory(directory, three, { mode: 'quorum' })).toThrow(
      /replicated by raft, got --mode quorum/,
    );
  });

  test.each(['', 'not json', '{"version":1', '[]', '{"version":2,"cluster":"quorate","nodes":[]}', '{"version":1}'])(
    'that holds %j instead of JSON of its kind is refused, and left as it is',
    (text) => {
      const directory = temporary();
      const file = join(directory, 'cluster.json');
      writeFileSync(file, text);
      expect(() => claimDataDirectory(directory, three)).toThrow(/cluster\.json' to read like/);
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  test('that is full of other things, or a file, is refused', () => {
    const directory = temporary();
    writeFileSync(join(directory, 'holiday.jpg'), 'x');
    expect(() => claimDataDirectory(directory, three)).toThrow(/holiday\.jpg.*--data/);
    expect(() => claimDataDirectory(join(directory, 'holiday.jpg'), three)).toThrow(DataDirectoryError);
  });
});
