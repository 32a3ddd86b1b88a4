import { describe, expect, it } from 'vitest';
import { FakeCommandLine } from './fake-command-line.ts';

const SERVER = ['--server', 'http://127.0.0.1:7070'] as const;

async function said(...words: readonly string[]): Promise<string> {
  const line = new FakeCommandLine();
  expect(await line.run('system', ...words, ...SERVER)).toBe(0);
  return line.stdout.text.replaceAll(/ +/g, ' ');
}

describe('rowmill system', () => {
  it('lists when each job runs and what it did last', async () => {
    const text = await said('list');
    expect(text).toContain('retention at 03:00 Europe/Madrid');
    expect(text).toContain('removed 3, byte');
    expect(text).toContain('compact at 03:00 Europe/Madrid - -');
    expect(await said()).toBe(text);
  });

  it('shows one beside what it would be by default', async () => {
    expect(await said('show', 'retention')).toMatch(/by default every 3600 s/);
    expect(JSON.parse(await said('show', 'retention', '--json'))).toEqual({ name: 'retention' });
  });

  it('tells what was done each time, and how many due times came meanwhile', async () => {
    const [, first = '', second = ''] = (await said('log', 'retention')).split('\n');
    expect(first).toContain('12 plan success removed 3, bytes 48,210');
    expect(second).toContain('success 2 due times came meanwhile');
  });

  it('ends with 1 where the work failed, and says why', async () => {
    const line = new FakeCommandLine();
    expect(await line.run('system', 'run', 'compact', ...SERVER)).toBe(1);
    expect(line.stderr.text).toContain('compact: the disk is full');
  });

  it('says that a server is needed, where there is none', async () => {
    for (const words of [['list'], ['show', 'a'], ['run', 'a'], ['log', 'a']]) {
      const line = new FakeCommandLine();
      expect(await line.run('system', ...words)).toBe(2);
      expect(line.stderr.text).toContain('a server (rowmill serve) has jobs of the system');
    }
  });
});
