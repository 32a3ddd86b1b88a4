import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ScriptAccess, ScriptLimits } from '../../engine/ports/script-executor.ts';

/** The folder of a script, inside its sandbox. */
export const SCRIPT_FOLDER = '/script';
/** Where the launcher tells of itself. */
export const LAUNCHER_REPORT = 5;
/** What the launcher reports once the sandbox stands. */
export const READY = 'ready';

/** A program and what it takes to start it. */
export interface SandboxedProgram {
  readonly command: readonly [string, ...string[]];
  /** Files and folders it needs, as [on the host, in the sandbox]. */
  readonly readable: readonly (readonly [string, string])[];
  /** Address space it claims beyond what it uses, in MiB. */
  readonly spareDataMb: number;
}

/**
 * The command that starts a program in a sandbox of Linux namespaces, by the tools of util-linux: users,
 * mounts, processes, network, IPC, host name and control groups of its own. Its root is a tmpfs that holds
 * the system's programs and libraries, read-only, and a folder to write in, which is memory: nothing is
 * left behind, whatever ends it. The program is no user of the host (with a server that runs as root), has
 * no capability and cannot get one, and dies with the process that started it.
 */
export function sandboxCommand(
  program: SandboxedProgram,
  { limits, access }: { readonly limits: ScriptLimits; readonly access: ScriptAccess },
): string[] {
  const isRoot = isPrivileged();
  const places = [
    ...SYSTEM_PLACES,
    ...(access.network ? NETWORK_PLACES : []),
    ...access.readable,
  ].map((path) => [path, path] as const);
  const mounts = [...places.filter(([path]) => existsSync(path)), ...program.readable];
  const dataBytes = (limits.memoryMb + program.spareDataMb) * MIB;
  return [
    ...DIES_WITH_US,
    ...OWN_NAMESPACES,
    ...(isRoot ? [] : ['--user', '--map-root-user']),
    ...(access.network ? [] : ['--net']),
    ...LAUNCH,
    mountPoint(mounts.map(([from]) => from)),
    isRoot ? String(scriptUser()) : '',
    String(limits.folderMb),
    String(limits.processes + SPARE_PROCESSES),
    String(dataBytes),
    ...mounts.flatMap(mountWords),
    '--',
    ...program.command,
  ];
}

const DIES_WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--'];
const OWN_NAMESPACES = 'unshare --fork --kill-child=KILL --mount --pid --ipc --uts --cgroup'.split(
  ' ',
);
const MIB = 1024 * 1024;
/** Above the limit, so that whoever passes it is seen and the limit is named. */
const SPARE_PROCESSES = 8;

/** Programs and libraries; no settings, no data. */
const SYSTEM_PLACES = [
  '/usr/bin',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/libexec',
  '/usr/share/zoneinfo',
  '/bin',
  '/lib',
  '/lib32',
  '/lib64',
  '/etc/ld.so.cache',
];

/** What finds a host by its name and knows its certificate. */
const NETWORK_PLACES = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/ssl',
  '/etc/pki',
  '/usr/share/ca-certificates',
];

/** CAP_SETGID, CAP_SETUID and CAP_SYS_ADMIN, by their numbers. */
const MAKES_SANDBOXES = [6n, 7n, 21n];

/** Whether this process may make a sandbox without being given users of its own: root, mostly. */
export function isPrivileged(): boolean {
  const status = readFileSync('/proc/self/status', 'utf8');
  const held = BigInt(`0x${/^CapEff:\s*([\da-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return process.getuid?.() === 0 && MAKES_SANDBOXES.every((bit) => (held >> bit) % 2n === 1n);
}

/** Links stay links: /lib is one where /usr has it all. */
function mountWords([from, to]: readonly [string, string]): string[] {
  const isLink = from === to && lstatSync(from).isSymbolicLink();
  if (isLink && dirname(from) === '/') return ['link', readlinkSync(from), to];
  return [statSync(from).isDirectory() ? 'folder' : 'file', from, to];
}

/** A folder that everything can be built on without hiding what is to be mounted from below it. */
function mountPoint(sources: readonly string[]): string {
  const found = ['/mnt', '/media', '/srv', '/opt', '/home', '/tmp'].find(
    (folder) =>
      existsSync(folder) &&
      !sources.some((source) => source === folder || source.startsWith(`${folder}/`)),
  );
  if (found !== undefined) return found;
  throw new Error('a folder to mount the sandbox on is missing: /mnt, /media, /srv or /opt');
}

/** One of the users that belong to nobody (systemd's dynamic ones): limits are counted for each by itself. */
function scriptUser(): number {
  const [first, last] = [61_184, 65_519];
  return first + Math.floor(Math.random() * (last - first + 1));
}

/**
 * Process 1 of the sandbox. It builds the root, moves into it, lets go of the old one, and starts the
 * program without privileges; when it ends, the kernel ends all that is left in the sandbox.
 */
const LAUNCHER = `
set -eu
exec 6>&2 2>&${LAUNCHER_REPORT}
root=$1 user=$2 folder_mb=$3 processes=$4 data=$5
shift 5
echo 1000 > /proc/self/oom_score_adj
mount -t tmpfs -o mode=755,size=4m,nr_inodes=4096,nosuid,nodev rowmill "$root"
mkdir -p "$root/proc" "$root/dev/shm" "$root/tmp" "$root${SCRIPT_FOLDER}" "$root/build" "$root/old"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
for device in null zero full random urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t tmpfs -o "mode=755,size=\${folder_mb}m,nr_inodes=16384,nosuid,nodev" rowmill "$root/build"
mkdir -m 1777 "$root/build/script" "$root/build/tmp" "$root/build/shm"
mount --bind "$root/build/script" "$root${SCRIPT_FOLDER}"
mount --bind "$root/build/tmp" "$root/tmp"
mount --bind "$root/build/shm" "$root/dev/shm"
umount -l "$root/build"
while [ "$1" != -- ]; do
  mkdir -p "$root\${3%/*}"
  case $1 in
    link) ln -s "$2" "$root$3" ;;
    folder) mkdir -p "$root$3" ;;
    file) : > "$root$3" ;;
  esac
  if [ "$1" != link ]; then
    mount --rbind "$2" "$root$3"
    mount -o remount,bind,ro,nosuid,nodev "$root$3"
  fi
  shift 3
done
shift
cd "$root"
pivot_root . old
umount -l /old
rmdir /old /build
mount -o remount,bind,ro,nosuid,nodev rowmill /
cd ${SCRIPT_FOLDER}
as_user=
if [ -n "$user" ]; then as_user="setpriv --reuid $user --regid $user --clear-groups --"; fi
no_users=
# Users of its own would be allowed to mount: a program gets none. Where the system gives none, there is nothing to take.
if $as_user unshare --user --map-root-user true 2>/dev/null; then no_users='unshare --user --map-root-user --'; fi
echo ${READY} >&${LAUNCHER_REPORT}
code=0
$as_user $no_users sh -c '
  if [ -n "$1" ]; then echo 0 > /proc/sys/user/max_user_namespaces; fi
  processes=$2 data=$3 bytes=$4
  shift 4
  exec prlimit "--nproc=$processes" "--data=$data" "--fsize=$bytes" --core=0 --nofile=256 --memlock=0 -- \\
    setpriv --no-new-privs --inh-caps=-all --bounding-set=-all -- \\
    env -i PATH=/usr/bin:/bin HOME=/tmp TMPDIR=/tmp LANG=C.UTF-8 TZ=UTC "$@" 2>&6 6>&-
' rowmill-sandbox "$no_users" "$processes" "$data" "$((folder_mb * ${MIB}))" "$@" ${LAUNCHER_REPORT}>&- || code=$?
times >&${LAUNCHER_REPORT}
exit $code
`;

const LAUNCH = ['--', 'sh', '-c', LAUNCHER, 'rowmill-sandbox'];
