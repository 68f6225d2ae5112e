/** What one container of an app is made of. Closed: what is not named here, no container of ours can have. */
export type ContainerSpec = {
  readonly name: string
  /** Of one in a sandbox it is the sandbox's. */
  readonly hostname?: string | undefined
  /** An image id, or a name where one must be. */
  readonly image: string
  /** Undefined: the image's own. */
  readonly command?: readonly string[] | undefined
  /** Undefined: the image's own. */
  readonly entrypoint?: readonly string[] | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly network: NetworkChoice
  readonly tty?: boolean | undefined
  /** Stdin is open until the one who attached closes it. */
  readonly openStdin?: boolean | undefined
  /** False: the engine keeps nothing of its output, which is for whoever is attached. */
  readonly logged?: boolean | undefined
  /** Such as `SIGINT`; undefined: the image's own, else `SIGTERM`. */
  readonly stopSignal?: string | undefined
  readonly limits: {
    readonly memoryBytes: number
    readonly cpus: number
    readonly pids: number
    /** What it keeps where the machine is short of memory. */
    readonly reservedMemoryBytes?: number | undefined
    /** Its weight where the machine is short of CPU; undefined: as one CPU. */
    readonly reservedCpus?: number | undefined
  }
  readonly workingDir?: string | undefined
  readonly mounts?: readonly MountSpec[] | undefined
  /** Undefined: the image's own. */
  readonly user?: string | undefined
}

/**
 * A volume of ours, or a folder of the host that an admin of the server has chosen, at a path in the container; or one
 * file, read-only, that we hold in the host's memory.
 */
export type MountSpec =
  | {
      readonly directory: string
      readonly volume: string
      readonly labels: Readonly<Record<string, string>>
    }
  | { readonly directory: string; readonly hostPath: string }
  | { readonly path: string; readonly file: string }

/**
 * The app's own network, where a static `address` is outside the network's dynamic range; or the network namespace of
 * another container of ours, by its name; or none at all.
 */
export type NetworkChoice =
  | {
      readonly name: string
      readonly address?: string | undefined
      /** Names that it knows beside those of its network: `api.internal` -> an IPv4 address. */
      readonly hosts?: Readonly<Record<string, string>> | undefined
      /** Networks that it is in as well. */
      readonly joins?: readonly { readonly name: string; readonly address: string | undefined }[] | undefined
    }
  | { readonly sandbox: string }
  | { readonly none: true }
