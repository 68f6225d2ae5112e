import { isIP } from 'node:net'
import type Dockerode from 'dockerode'
import type { ContainerSpec, MountSpec, NetworkChoice } from './container-spec.ts'
import { logRotation } from './log-file.ts'
import { isMountable } from './mountable.ts'

/**
 * The body with which every container of ours is created: the only place that writes a host configuration. Nothing
 * of the host comes in: no devices, host namespaces, published ports or privileges, whatever the spec says, and of its
 * files only folders that are made for data, and what we hold in its memory for the container.
 */
export function createBody(spec: ContainerSpec): Dockerode.ContainerCreateOptions {
  const openStdin = spec.openStdin === true
  return {
    name: spec.name,
    ...(spec.hostname === undefined ? {} : { Hostname: spec.hostname }),
    Image: spec.image,
    ...(spec.command === undefined ? {} : { Cmd: [...spec.command] }),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: [...spec.entrypoint] }),
    ...(spec.workingDir === undefined ? {} : { WorkingDir: spec.workingDir }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
    ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels },
    Tty: spec.tty === true,
    OpenStdin: openStdin,
    // We run an image's HEALTHCHECK ourselves: Docker's own runner would do it once more, and slowly.
    Healthcheck: { Test: ['NONE'] },
    // The end of the attached stdin is the end of the process's.
    StdinOnce: openStdin,
    AttachStdin: openStdin,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: hostConfig(spec),
    ...endpoint(spec.network),
  }
}

function endpoint(network: NetworkChoice): Pick<Dockerode.ContainerCreateOptions, 'NetworkingConfig'> {
  if ('sandbox' in network || 'none' in network) return {}
  const { name, address } = network
  const config = address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }
  return { NetworkingConfig: { EndpointsConfig: { [name]: config } } }
}

/** A network's name can also ask for the host's namespace or another container's. */
function networkMode(network: NetworkChoice): string {
  if ('none' in network) return 'none'
  if ('sandbox' in network) return `container:${ownNetwork(network.sandbox)}`
  return ownNetwork(network.name)
}

function ownNetwork(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name) || ['host', 'none', 'default'].includes(name)) {
    throw new TypeError(`A container of ours cannot be in the network ${name}`)
  }
  return name
}

function hostConfig(spec: ContainerSpec): Dockerode.HostConfig & { CgroupnsMode: 'private' } {
  return {
    // Reaps orphans and passes SIGTERM on: a stop takes 0.3 s instead of the whole grace time.
    Init: true,
    SecurityOpt: ['no-new-privileges'],
    CapDrop: ['ALL'],
    CapAdd: [...capabilities],
    NetworkMode: networkMode(spec.network),
    IpcMode: 'private',
    CgroupnsMode: 'private',
    Memory: spec.limits.memoryBytes,
    // Equal to the memory: no swap.
    MemorySwap: spec.limits.memoryBytes,
    NanoCpus: Math.round(spec.limits.cpus * 1e9),
    // 0: the engine's own rule. It takes no weight below 2.
    MemoryReservation: spec.limits.reservedMemoryBytes ?? 0,
    CpuShares:
      spec.limits.reservedCpus === undefined ? 0 : Math.max(2, Math.round(spec.limits.reservedCpus * 1024)),
    PidsLimit: spec.limits.pids,
    // Open files stay as the daemon has them: a container cannot start with a higher limit than its daemon's.
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    LogConfig:
      spec.logged === false
        ? { Type: 'none', Config: {} }
        : {
            Type: 'json-file',
            Config: { 'max-size': `${logRotation.fileMegabytes}m`, 'max-file': `${logRotation.files}` },
          },
    Mounts: (spec.mounts ?? []).map(mount),
    ExtraHosts: extraHosts(spec.network),
    // The scheduler restarts, with its own back-off.
    RestartPolicy: { Name: 'no' },
  }
}

/** Of ours alone: none can stand for a name of the internet. */
function extraHosts(network: NetworkChoice): string[] {
  if (!('name' in network)) return []
  return Object.entries(network.hosts ?? {}).map(([name, address]) => {
    if (!/^[a-z0-9-]+\.internal$/.test(name) || isIP(address) !== 4)
      throw new TypeError(`A container of ours cannot know ${name} as ${address}`)
    return `${name}:${address}`
  })
}

function mount(spec: MountSpec): Dockerode.MountSettings {
  if ('file' in spec) {
    if (!/^\/dev\/shm\/paas-[0-9a-f]{16}-files\/[a-z2-7]+\/v\d+\/\w+$/.test(spec.file))
      throw new TypeError(`A container of ours cannot have ${spec.file}`)
    const { file: Source, path: Target } = spec
    return { Type: 'bind', Source, Target, ReadOnly: true, BindOptions: { Propagation: 'rprivate' } }
  }
  const { directory: Target } = spec
  if ('hostPath' in spec) {
    if (!isMountable(spec.hostPath)) throw new TypeError(`A container of ours cannot have ${spec.hostPath}`)
    // With Mounts, unlike Binds, a folder that is not there is an error and is not made.
    return { Type: 'bind', Source: spec.hostPath, Target, BindOptions: { Propagation: 'rprivate' } }
  }
  if (!/^paas-[a-z2-7]+-v-[a-z2-7]+$/.test(spec.volume))
    throw new TypeError(`The volume ${spec.volume} is not ours`)
  const VolumeOptions = {
    NoCopy: false,
    Labels: { ...spec.labels },
    DriverConfig: { Name: 'local', Options: {} },
  }
  return { Type: 'volume', Source: spec.volume, Target, VolumeOptions }
}

/**
 * Docker's default capabilities without NET_RAW (forged packets on the bridge), MKNOD (devices), AUDIT_WRITE (the
 * host's audit log), SETFCAP and SETPCAP (useless under no-new-privileges). What stays, official images need as
 * root: entrypoints that chown their data and drop to a user, nginx and Apache on port 80, chroots of their own.
 */
const capabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
  'SYS_CHROOT',
] as const
