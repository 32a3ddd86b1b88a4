import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../api/test-server.ts';
import { startFakeEngine } from './fake-engine.ts';

// A fake that speaks the Docker Engine API: no Docker was there to be tried.

describe.each(['tcp', 'unix'] as const)('a container of an entity, by %s', (kind) => {
  let folder: string;
  let engine: Awaited<ReturnType<typeof startFakeEngine>>;
  let server: TestServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rowmill-engine-'));
    engine = await startFakeEngine(kind === 'tcp' ? 0 : join(folder, 'engine.sock'));
    server = await startTestServer([], { containerEngine: engine.url });
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    await rm(folder, { recursive: true, force: true });
    expect(server.errors).toEqual([]);
  });

  const start = async (runner: object, more: object = {}, parts: object = {}): Promise<string> => {
    const { status, body } = await server.json('/v1/entities', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        entity: { runner: { type: 'container', ...runner }, ...parts },
        ...more,
      }),
    });
    expect(status, JSON.stringify(body)).toBe(201);
    return String(body['uid']);
  };
  const stands = async (uid: string) => (await server.json(`/v1/entities/${uid}`)).body;
  /** Bounded: 20 s. */
  const until = async (uid: string, status: string) => {
    for (let tries = 0; tries < 400; tries += 1) {
      const body = await stands(uid);
      if (body['status'] === status) return body;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`it is ${JSON.stringify(await stands(uid))}`);
  };
  const containerOf = (uid: string) => {
    const container = engine.containers.get(`rowmill-${uid}`);
    if (container === undefined) throw new Error(`there is no container of ${uid}`);
    return container;
  };

  it('has its input, its token and its limits; what it prints is the result, and nothing is left', async () => {
    const runner = {
      type: 'dmss://WorkflowDS/Blueprints/Container',
      image: { registryName: 'registry.example', imageName: 'signal', version: '1.2' },
      command: ['/code/init.sh', '--fast'],
      environmentVariables: ['MODE=a=b'],
      memory: 256,
    };
    const parts = { applicationInput: { samples: 3 } };
    const uid = await start(runner, { token: 'a token of somebody' }, parts);
    await until(uid, 'running');
    expect(engine.asked).toContain('POST /images/create');
    const container = containerOf(uid);
    expect(container.body).toMatchObject({
      Image: 'registry.example/signal:1.2',
      Cmd: ['/code/init.sh', '--fast'],
      Env: [
        'MODE=a=b',
        `JOB_UID=${uid}`,
        'JOB_INPUT={"samples":3}',
        'JOB_TOKEN=a token of somebody',
        'DMSS_TOKEN=a token of somebody',
      ],
      HostConfig: {
        Memory: 256 * 1024 * 1024,
        MemorySwap: 256 * 1024 * 1024,
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
      },
    });
    Object.assign(container, { status: 'exited', stdout: 'the result é', stderr: 'noise' });
    await until(uid, 'completed');
    const { body } = await server.json(`/v1/entities/${uid}/result`);
    expect(Buffer.from(String(body['result']), 'base64').toString()).toBe('the result é');
    expect(engine.containers.size).toBe(0);
  });

  it.each([
    [{ exitCode: 3, stderr: 'no disk\n' }, 'it ended with the exit code 3: no disk'],
    [{ exitCode: 137, isOutOfMemory: true }, 'it took more than 128 MB of memory'],
  ])('fails where it ends as %j, and nothing is left', async (end, message) => {
    const uid = await start({ image: 'here:1' });
    await until(uid, 'running');
    Object.assign(containerOf(uid), { status: 'exited', ...end });
    expect((await until(uid, 'failed'))['message']).toBe(message);
    expect(engine.containers.size).toBe(0);
  });

  it('is ended at its timeout', async () => {
    const uid = await start({ image: 'here:1', timeout: 60 });
    await until(uid, 'running');
    containerOf(uid).startedAt = new Date(Date.now() - 61_000).toISOString();
    expect((await until(uid, 'failed'))['message']).toBe('it took longer than 60 s');
    expect(engine.containers.size).toBe(0);
  });

  it('is removed where somebody stops it', async () => {
    const uid = await start({ image: 'here:1' });
    await until(uid, 'running');
    const { body } = await server.json(`/v1/entities/${uid}`, { method: 'DELETE' });
    expect(body).toMatchObject({ status: 'removed', message: 'its container is removed' });
    expect(engine.containers.size).toBe(0);
  });

  it('that somebody else has removed has failed', async () => {
    const uid = await start({ image: 'here:1' });
    await until(uid, 'running');
    engine.containers.delete(`rowmill-${uid}`);
    expect((await until(uid, 'failed'))['message']).toBe('its container is no longer there');
  });

  it('that cannot be looked at is not removed: it may be completed', async () => {
    engine.refuseLooks(5);
    const uid = await start({ image: 'here:1' });
    expect((await until(uid, 'failed'))['message']).toMatch(/not now.*may still run/);
    expect(containerOf(uid).status).toBe('running');
    engine.containers.clear();
  });

  it('that cannot be started is not left behind', async () => {
    engine.refuseStarts('exec: "nothing": executable file not found');
    const uid = await start({ image: 'here:1' });
    expect((await until(uid, 'failed'))['message']).toContain('executable file not found');
    engine.refuseStarts(undefined);
    expect(engine.containers.size).toBe(0);
  });

  it.each([
    [{ image: 'away:1' }, 'the image away:1 cannot be pulled: away:1: not found'],
    [{}, 'runner.image: expected a name, such as alpine:3.20'],
    [
      { image: 'a', command: 'ls', environmentVariables: ['x'], memory: -1 },
      'runner.command: expected a list of texts; runner.environmentVariables: expected texts NAME=VALUE; runner.memory: expected a number above 0',
    ],
  ])('fails as %j', async (runner, message) => {
    expect((await until(await start(runner), 'failed'))['message']).toBe(message);
  });
});

describe('an engine of containers', () => {
  it('that is not there is named', async () => {
    const server = await startTestServer([], { containerEngine: 'tcp://127.0.0.1:9' });
    try {
      const { body } = await server.json('/v1/entities', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ entity: { runner: { type: 'container', image: 'a' } }, wait: 60 }),
      });
      expect(body).toMatchObject({
        status: 'failed',
        message: 'the container engine at tcp://127.0.0.1:9 does not answer',
      });
    } finally {
      await server.close();
    }
  });

  it('is needed for containers: without one they are refused', async () => {
    const server = await startTestServer([]);
    try {
      const { status } = await server.json('/v1/entities', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ entity: { runner: { type: 'container', image: 'a' } } }),
      });
      expect(status).toBe(400);
    } finally {
      await server.close();
    }
  });
});
