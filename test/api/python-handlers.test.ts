import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonHandlers } from '../../src/scripts-app.ts';
import { handlerCatalog, moduleLoader } from '../../src/task-source.ts';
import { startServer } from '../tasks/local-server.ts';
import { startTestServer, until, type TestServer } from './test-server.ts';

const IMPORTS = `import os, subprocess, sys, time
from typing import Tuple
from services.job_handler_interface import Job, JobHandlerInterface, JobStatus
from utils.logging import logger
`;

/** A plugin with these methods beside a `start` that does nothing. */
const plugin = (type: string, methods: string, more = ''): string => `${IMPORTS}
_SUPPORTED_TYPE = "${type}"
_POLL_SECONDS = 0.05
${more}

class JobHandler(JobHandlerInterface):
    """Handle ${type}"""

    def __init__(self, job: Job, data_source: str):
        super().__init__(job, data_source)
        self.headers = {"Access-Key": job.token}

    def start(self) -> str:
        self.job.status = JobStatus.COMPLETED
        return "begun"

    def progress(self) -> Tuple[JobStatus, str]:
        return self.job.status, "Progress tracking not implemented"

    def result(self) -> Tuple[str, bytes]:
        return "Done", b"12345"

${methods.replaceAll(/^(?=.)/gm, '    ')}
`;

const PLUGINS: Readonly<Record<string, string>> = {
  // As handlers of dm-job write what they know, one way and the other.
  'known-app': plugin(
    'known',
    `def start(self) -> str:
    self.job.state = {
        "seen": [
            self.job.entity.applicationInput.address,
            self.job.entity['applicationInput']['address'],
            self.job.application_input["address"],
            self.job.entity.get("label"), self.job.label, self.job.name,
            self.job.runner["type"], self.job.type, self.data_source,
            self.headers["Access-Key"] == "a-secret-token", str(self.job.job_uid),
            isinstance(self, JobHandlerInterface), self.job.status.value,
        ]
    }
    self.secret_of_this_call = 1
    self.job.append_log("one")
    return "OK"

def progress(self):
    assert not hasattr(self, "secret_of_this_call")
    self.job.state["looks"] = self.job.state.get("looks", 0) + 1
    if self.job.state["looks"] < 3:
        return JobStatus.RUNNING, ["line 1", "line 2"], 33.5
    return JobStatus.COMPLETED, None, self.job.percentage

def result(self):
    import json
    return "all of it", json.dumps({**self.job.state, "percentage": self.job.percentage}).encode()`,
  ),
  'stores-itself': plugin(
    'stores-itself',
    `def start(self) -> str:
    from services.dmss import get_document, update_document
    found = get_document(self.job.entity.applicationInput.address, token=self.job.token)
    update_document(self.job.entity['outputTarget'], {"value": found["length"] * 2}, token=self.job.token)
    self.job.status = JobStatus.COMPLETED
    return "OK"`,
  ),
  // One method each is not there.
  'only-starts': `${IMPORTS}
_SUPPORTED_TYPE = ("only-starts", "only starts too")
class JobHandler(JobHandlerInterface):
    def start(self):
        return "it was all done in start"
`,
  talks: plugin(
    'talks',
    `def start(self) -> str:
    print("printed with", self.job.token)
    print("to stderr", file=sys.stderr)
    logger.warning("logged")
    sys.stdout.write("x" * 300000)
    self.job.status = JobStatus.RUNNING
    return "begun"

def progress(self):
    self.job.state = (self.job.state or 0) + 1
    print("the same each time")
    return (JobStatus.COMPLETED if self.job.state == 4 else JobStatus.RUNNING), ""`,
  ),
  fails: plugin(
    'fails',
    `def start(self) -> str:
    return self.inner()

def inner(self):
    raise ValueError("no room left")`,
  ),
  'wrong-progress': plugin('wrong-progress', `def progress(self):\n    return "done"`),
  'wrong-status': plugin('wrong-status', `def progress(self):\n    return "finished", ""`),
  dies: plugin('dies', `def start(self):\n    os._exit(3)`),
  hangs: plugin(
    'hangs',
    `def start(self) -> str:
    import signal
    child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
    with open(os.environ["PIDS_OF_TEST"], "w") as out:
        out.write(f"{os.getpid()} {child.pid}")
    time.sleep(600)`,
    '_TIMEOUT_SECONDS = 2',
  ),
  // What goes on behind its start is found again by what the job keeps.
  background: plugin(
    'background',
    `def start(self) -> str:
    out = open(f"{self.job.entity.folder}/out", "wb")
    child = subprocess.Popen(["sh", "-c", "sleep 1; echo from behind"], stdout=out, stdin=subprocess.DEVNULL, stderr=out, start_new_session=True)
    self.job.state = {"pid": child.pid}
    return "begun"

def progress(self):
    with open(f"{self.job.entity.folder}/out", "rb") as found:
        return (JobStatus.COMPLETED if found.read() else JobStatus.RUNNING), str(self.job.state["pid"])

def remove(self):
    os.kill(self.job.state["pid"], 9)
    return JobStatus.REMOVED, "killed"

def result(self):
    with open(f"{self.job.entity.folder}/out", "rb") as found:
        return "out", found.read()`,
  ),
  'goes-on': plugin(
    'goes-on',
    `def start(self) -> str:
    self.job.state = {"looks": 0}
    return "begun"

def progress(self):
    self.job.state["looks"] += 1
    if os.path.exists(f"{self.job.entity.folder}/done"):
        return JobStatus.COMPLETED, ""
    return JobStatus.RUNNING, "on and on"

def remove(self):
    return JobStatus.REMOVED, "switched off"`,
  ),
  // Its work is its start: nobody knows of it where that was broken off.
  'long-start': plugin(
    'long-start',
    `def start(self) -> str:
    with open(f"{self.job.entity.folder}/{self.job.job_uid}", "a") as out:
        out.write("started\\n")
    while not os.path.exists(f"{self.job.entity.folder}/go"):
        time.sleep(0.05)
    self.job.status = JobStatus.COMPLETED
    return "OK"`,
  ),
  // It asks a document store by itself: by the small module that stands in for requests, and by ours.
  'asks-store': plugin(
    'asks-store',
    `def start(self) -> str:
    from services.dmss import get_document
    reference = self.job.entity['applicationInput']['address']
    found = requests.get(f"{config.DMSS_API}/api/documents/{reference}?a=b", params={"depth": 1}, headers=self.headers)
    found.raise_for_status()
    assert found.json() == get_document(reference, token=self.job.token)
    written = requests.put(f"{config.DMSS_API}/api/documents/{self.job.entity['outputTarget']}",
        data={"data": "[1]"}, headers=self.headers, params={"update_uncontained": "False"}, timeout=20)
    written.raise_for_status()
    missing = requests.post(config.DMSS_URL + "/missing", json={"a": 1}, timeout=20)
    self.job.state = missing.status_code
    self.job.status = JobStatus.COMPLETED
    missing.raise_for_status()`,
    `sys.path.insert(0, [path for path in sys.path if path.endswith("fallbacks")][0])
import requests
from config import config`,
  ),
  // The same, and nobody can say how it stands.
  'only-long-start': `${IMPORTS}
_SUPPORTED_TYPE = "only-long-start"
class JobHandler(JobHandlerInterface):
    def start(self):
        with open(f"{self.job.entity.folder}/{self.job.job_uid}", "a") as out:
            out.write("started\\n")
        while not os.path.exists(f"{self.job.entity.folder}/go"):
            time.sleep(0.05)
        return "OK"
`,
  // What the operator has set for it, as handlers of dm-job ask for it.
  azure: plugin(
    'azure',
    `def result(self):
    from config import config
    mine = [name for name in os.environ if name.startswith("ROWMILL_")]
    return "settings", f"{config.AZURE_JOB_SP_SECRET} {mine}".encode()`,
  ),
  'broken-app': 'import no_such_module_at_all\n_SUPPORTED_TYPE = "broken"\n',
  'wrong-app': 'class JobHandler:\n    pass\n',
  'exits-app': 'import os\nos._exit(7)\n',
};

/** `dmss://DataSource/$1` is the file `$1` beside it. */
const DMSS = `import { readFile, writeFile } from 'node:fs/promises';
import { defineReferences } from 'rowmill';
const file = (address) => new URL(address.split('/').at(-1), import.meta.url);
export default defineReferences({
  schemes: ['dmss'],
  resolve: async (address) => JSON.parse(await readFile(file(address), 'utf8')),
  write: (address, content) => writeFile(file(address), content),
});
`;

let folder = '';
let server: TestServer;
const pids = (): string => join(folder, 'pids');
let handlers: Awaited<ReturnType<typeof handlerCatalog>>;
const open = (place?: string) =>
  startTestServer([], { handlers, ...(place === undefined ? {} : { folder: place }) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-python-'));
  process.env['PIDS_OF_TEST'] = pids();
  for (const [name, text] of Object.entries(PLUGINS)) {
    const file = join(folder, name, '__init__.py');
    await mkdir(dirname(file));
    await writeFile(file, text);
  }
  await writeFile(join(folder, 'dmss.ts'), DMSS);
  await writeFile(join(folder, '$1'), '{"length": 21}');
  const python = new URL('../../python/', import.meta.url);
  const environment = { AZURE_SP_SECRET: 'of-the-operator', ROWMILL_OF_TEST: 'hidden' };
  handlers = await handlerCatalog(
    [folder],
    moduleLoader(),
    pythonHandlers({ python }, environment),
  );
  server = await open();
}, 120_000);
afterAll(async () => {
  await server.close();
  delete process.env['PIDS_OF_TEST'];
  await rm(folder, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

const begun = async (entity: object, more: object = {}, to = server) => {
  const { status, body } = await to.send('POST', '/v1/entities', { entity, ...more });
  expect(status, JSON.stringify(body)).toBe(201);
  return String(body['uid']);
};
const ended = async (type: string, entity: object = {}, more: object = {}) => {
  const uid = await begun({ runner: { type }, ...entity }, { wait: 120, ...more });
  return { uid, ...(await server.json(`/v1/entities/${uid}`)).body } as Record<string, unknown>;
};
const resultOf = async (uid: unknown, of = server) => {
  const { body } = await of.json(`/v1/entities/${String(uid)}/result`);
  return Buffer.from(String(body['result']), 'base64').toString();
};
const logOf = async (uid: unknown) =>
  (await fetch(`${server.url}/v1/runs/${String(uid)}/log`)).text();
const statusOf = async (uid: string, of = server) =>
  (await of.json(`/v1/entities/${uid}`)).body['status'];
const holds = (what: () => Promise<boolean>) => until(what, (isSo) => isSo);
const ADDRESS = { type: 'dmss://system/SIMOS/Reference', address: 'dmss://DataSource/$1' };

describe('a handler in Python', () => {
  it('finds what handlers of dm-job find, and what it keeps in its job', async () => {
    const entity = { label: 'a label', type: 'dmss://Job', applicationInput: ADDRESS };
    const body = await ended('known', entity, { token: 'a-secret-token' });
    expect(body).toMatchObject({ status: 'completed', message: 'all of it' });
    const address = ADDRESS.address;
    expect(JSON.parse(await resultOf(body['uid']))).toEqual({
      seen: [
        address,
        address,
        address,
        'a label',
        'a label',
        null,
        'known',
        'dmss://Job',
        'DataSource',
        true,
        body['uid'],
        true,
        'starting',
      ],
      looks: 3,
      percentage: 33.5,
    });
    expect(await logOf(body['uid'])).toContain('line 1\\nline 2 (percentage: 33.5)');
  });

  it('stores its result itself where it asks for the target; for others the server does', async () => {
    const written = (name: string) => readFile(join(folder, name), 'utf8');
    const input = { applicationInput: ADDRESS };
    const own = await ended('stores-itself', { ...input, outputTarget: 'dmss://DataSource/$2' });
    expect(own).toMatchObject({ status: 'completed' });
    expect(await written('$2')).toBe('{"value": 42}');
    expect(await resultOf(own['uid'])).toBe('12345');
    await ended('talks', { ...input, outputTarget: 'dmss://DataSource/$3' });
    expect(await written('$3')).toBe('12345');
    // A target that nobody writes to is told, and loses no result.
    const far = await ended('talks', { ...input, outputTarget: 'far://x/y' });
    expect(far).toMatchObject({ status: 'completed' });
    expect(await resultOf(far['uid'])).toBe('12345');
    expect(await logOf(far['uid'])).toContain('nor a plugin writes to far://x/y');
  });

  it('asks the document store that the environment names, with the token of its job', async () => {
    const store = await startServer((seen, response) => {
      if (seen.path.startsWith('/missing')) response.writeHead(404).end('no such thing');
      else response.setHeader('content-type', 'application/json').end('{"length": 5}');
    });
    process.env['DMSS_URL'] = store.origin;
    const body = await ended(
      'asks-store',
      { applicationInput: ADDRESS, outputTarget: 'dmss://DataSource/$4' },
      { token: 'a-secret-token' },
    ).finally(async () => {
      delete process.env['DMSS_URL'];
      await store.close();
    });
    expect(body).toMatchObject({ status: 'failed' });
    expect(body['message']).toMatch(/^HTTPError: 404 Not Found for url: .*\(asks-store\/__init__/);
    const { seen } = store;
    const path = '/api/documents/dmss://DataSource/$';
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET ${path}1?a=b&depth=1`,
      `GET ${path}1?depth=0&resolve_links=false`,
      `PUT ${path}4?update_uncontained=False`,
      'POST /missing',
    ]);
    const keys = seen.map(({ headers }) => headers['access-key']);
    expect(keys).toEqual([...Array.from({ length: 3 }, () => 'a-secret-token'), undefined]);
  });

  it('has the secret of the service principal, and no variable of the server itself', async () => {
    const { uid } = await ended('azure');
    expect(await resultOf(uid)).toBe('of-the-operator []');
  });

  it('is completed when its start has returned, where it has no progress', async () => {
    const body = await ended('only starts too', { outputTarget: 'dmss://DataSource/$9' });
    await expect(readFile(join(folder, '$9'))).rejects.toThrow('ENOENT');
    expect(body).toMatchObject({
      status: 'completed',
      message: 'it was all done in start',
      result: { bytes: 0 },
    });
  });

  it('prints and logs into the log of the run, without its token and up to a bound', async () => {
    const { uid, status } = await ended('talks', {}, { token: 'a-secret-token' });
    expect(status).toBe('completed');
    const log = await logOf(uid);
    expect(log).toContain('printed with ***');
    expect(log).toContain('to stderr');
    expect(log).toContain('"logged"');
    expect(log).toMatch(/… and \d+ bytes more of stdout/);
    expect(log.match(/the same each time/g)).toHaveLength(1);
    expect(log).not.toContain('a-secret-token');
  });

  it.each([
    ['fails', /^ValueError: no room left \(fails\/__init__\.py, line \d+\)$/],
    ['wrong-progress', /TypeError: progress\(\) gave 'done': expected two values/],
    ['wrong-status', /'finished' is no status of a job: expected one of registered, not started/],
    ['dies', /its process ended without a result, by the exit code 3/],
  ])('that %s ends its job with the reason', async (type, message) => {
    const body = await ended(type);
    expect(body).toMatchObject({ status: 'failed', run_status: 'failure' });
    expect(body['message']).toMatch(message);
  });

  it('shows the way to its error in the log', async () => {
    const { uid } = await ended('fails');
    expect(await logOf(uid)).toMatch(/fails\/__init__\.py.*in start.*in inner/);
  });

  it('is ended after its time with all that it has started', async () => {
    const body = await ended('hangs');
    expect(body).toMatchObject({ status: 'failed' });
    expect(body['message']).toBe('start() took longer than 2 s (_TIMEOUT_SECONDS)');
    const started = (await readFile(pids(), 'utf8')).split(' ').map(Number);
    expect(started).toHaveLength(2);
    await holds(async () => started.every((pid) => !isThere(pid)));
  });

  it('may leave something running, and finds it by what its job keeps', async () => {
    const own = await mkdtemp(join(folder, '.own-'));
    const body = await ended('background', { folder: own });
    expect(body).toMatchObject({ status: 'completed' });
    expect(await resultOf(body['uid'])).toBe('from behind\n');
  });

  it('removes what somebody stops, in its start too', async () => {
    const own = await mkdtemp(join(folder, '.own-'));
    const going = await begun({ runner: { type: 'goes-on' }, folder: own });
    await holds(async () => (await statusOf(going)) === 'running');
    const { body } = await server.send('DELETE', `/v1/entities/${going}`, {});
    expect(body).toMatchObject({ status: 'removed', message: 'switched off' });
    const starting = await begun({ runner: { type: 'long-start' }, folder: own });
    await holds(async () => (await readFile(join(own, starting), 'utf8').catch(() => '')) !== '');
    const stopped = await server.send('DELETE', `/v1/entities/${starting}`, {});
    expect(stopped.body).toMatchObject({ status: 'unknown', run_status: 'stopped' });
    expect(stopped.body['message']).toContain('no remove()');
  });

  it('goes on with another server, in processes of that', async () => {
    const own = await mkdtemp(join(folder, '.own-'));
    const first = await open();
    const uid = await begun({ runner: { type: 'goes-on' }, folder: own }, {}, first);
    await holds(async () => (await statusOf(uid, first)) === 'running');
    await first.stop();
    await writeFile(join(own, 'done'), '');
    const second = await open(first.folder);
    try {
      await holds(async () => (await statusOf(uid, second)) === 'completed');
      expect(await resultOf(uid, second)).toBe('12345');
    } finally {
      await second.close();
    }
  }, 120_000);

  it.each([['long-start'], ['only-long-start']])(
    '%s whose start was broken off with its server is told as lost, and not started twice',
    async (type) => {
      const own = await mkdtemp(join(folder, '.own-'));
      const first = await open();
      const uid = await begun({ runner: { type }, folder: own }, {}, first);
      await holds(async () => (await readFile(join(own, uid), 'utf8').catch(() => '')) !== '');
      await first.stop();
      const second = await open(first.folder);
      try {
        await holds(async () => {
          const status = await statusOf(uid, second);
          return status === 'failed' || status === 'completed';
        });
        const { body } = await second.json(`/v1/entities/${uid}`);
        expect(body).toMatchObject({ status: 'failed' });
        expect(body['message']).toContain('whether it was begun is not known');
        expect(await readFile(join(own, uid), 'utf8')).toBe('started\n');
      } finally {
        await second.close();
      }
    },
    120_000,
  );
});

describe('plugins in Python', () => {
  it('are listed with their language; those that do not load are named with the reason', async () => {
    const { body } = await server.json('/v1/handlers');
    expect(body['data']).toContainEqual({
      supported_types: ['known'],
      description: 'Handle known',
      origin: 'known-app/__init__.py',
      language: 'python',
    });
    const problems = body['problems'] as { readonly file: string; readonly message: string }[];
    expect(Object.fromEntries(problems.map(({ file, message }) => [file, message]))).toEqual({
      'broken-app/__init__.py':
        "ModuleNotFoundError: No module named 'no_such_module_at_all' (broken-app/__init__.py, line 1)",
      'exits-app/__init__.py': 'its process ended without a result, by the exit code 7',
      'wrong-app/__init__.py': 'TypeError: it has no _SUPPORTED_TYPE = "dmss://…"',
    });
  });
});

/** Not one that has ended and was not yet taken leave of. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
