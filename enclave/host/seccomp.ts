/**
 * The system calls that a runner may not make, as a classic BPF program for bubblewrap (`man 2 seccomp`). It runs
 * after the sandbox is set up: no sockets, no new processes, no look into others, no namespaces, mounts or modules.
 */
import { endianness } from 'node:os';
import { StrongroomError } from '../../domain/errors.ts';

/** Numbers on x86-64 and on arm64 (`null` where it has no such call), from the kernel's unistd tables. */
const REFUSED: Readonly<Record<string, readonly [x64: number, arm64: number | null]>> = {
  // Network
  socket: [41, 198],
  socketpair: [53, 199],
  connect: [42, 203],
  bind: [49, 200],
  listen: [50, 201],
  accept: [43, 202],
  accept4: [288, 242],
  sendmsg: [46, 211],
  sendmmsg: [307, 269],
  recvmmsg: [299, 243],
  // Other processes
  fork: [57, null],
  vfork: [58, null],
  execveat: [322, 281],
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  pidfd_open: [434, 434],
  pidfd_getfd: [438, 438],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  // Namespaces and file systems
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  mknod: [133, null],
  mknodat: [259, 33],
  fanotify_init: [300, 262],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  // The kernel
  bpf: [321, 280],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  modify_ldt: [154, null],
  iopl: [172, null],
  ioperm: [173, null],
  // The machine
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  personality: [135, 92],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  lookup_dcookie: [212, 18],
  vhangup: [153, 58],
};

interface Machine {
  readonly column: 0 | 1;
  /** AUDIT_ARCH_… of linux/audit.h. */
  readonly audit: number;
  readonly clone: number;
  readonly clone3: number;
}
const MACHINES: Readonly<Record<string, Machine>> = {
  x64: { column: 0, audit: 0xc000003e, clone: 56, clone3: 435 },
  arm64: { column: 1, audit: 0xc00000b7, clone: 220, clone3: 435 },
};

/** Instructions of linux/bpf_common.h as used here, and offsets into `struct seccomp_data`. */
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_SET = 0x45;
const RETURN = 0x06;
const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;
const FIRST_ARGUMENT_AT = 16;

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refuseWith = (errno: number) => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const X32_BIT = 0x40000000;
const CLONE_THREAD = 0x00010000;

/** The program for a processor architecture. Fails with `E_SANDBOX_MISSING` where there is none. */
export function seccompProgram(architecture: string = process.arch): Buffer {
  const machine = MACHINES[architecture];
  if (machine === undefined || endianness() !== 'LE') {
    throw new StrongroomError('E_SANDBOX_MISSING', `There is no system call filter for ${architecture}.`, {
      next: 'Run functions on x86-64 or arm64.',
    });
  }
  const numbers = Object.values(REFUSED).flatMap((columns) => columns[machine.column] ?? []);
  return Buffer.concat([
    instruction(LOAD, ARCHITECTURE_AT),
    instruction(JUMP_IF_EQUAL, machine.audit, 1, 0),
    instruction(RETURN, KILL),
    instruction(LOAD, NUMBER_AT),
    // The x32 calls of x86-64 have numbers of their own, which the list below does not know.
    instruction(JUMP_IF_SET, X32_BIT, 0, 1),
    instruction(RETURN, KILL),
    // glibc takes this answer for an old kernel and uses clone, whose flags can be looked at.
    instruction(JUMP_IF_EQUAL, machine.clone3, 0, 1),
    instruction(RETURN, refuseWith(ENOSYS)),
    ...numbers.flatMap((number) => [instruction(JUMP_IF_EQUAL, number, 0, 1), instruction(RETURN, refuseWith(EPERM))]),
    // A new thread is fine, a new process is not.
    instruction(JUMP_IF_EQUAL, machine.clone, 0, 3),
    instruction(LOAD, FIRST_ARGUMENT_AT),
    instruction(JUMP_IF_SET, CLONE_THREAD, 1, 0),
    instruction(RETURN, refuseWith(EPERM)),
    instruction(RETURN, ALLOW),
  ]);
}

/** The same refusals in the form that Docker takes. */
export const dockerSeccompProfile = () => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    { names: Object.keys(REFUSED), action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: EPERM,
      args: [{ index: 0, value: CLONE_THREAD, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
  ],
});

/** A `struct sock_filter`: code, jumps if true and false, and the constant. */
function instruction(code: number, constant: number, ifTrue = 0, ifFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(constant >>> 0, 4);
  return bytes;
}
