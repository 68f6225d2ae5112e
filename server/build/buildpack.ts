/** A pushed tree as a buildpack sees it. */
export type SourceTree = {
  /** Path from the root -> size in bytes. */
  readonly files: ReadonlyMap<string, number>
  /** A small text file; undefined where there is none. Throws `UserError` where it is larger than 256 KiB. */
  read(path: string): Promise<string | undefined>
}

/** What the builder decides for a tree. */
export type BuildPlan = {
  /** A whole Dockerfile; its context is the tree. */
  readonly dockerfile: string
  /** What runs where no Procfile says so: process type -> command line; null: the image's own command. */
  readonly processes: Readonly<Record<string, string | null>>
  /** Lines for the pusher: what was recognised, chosen, guessed. */
  readonly notes: readonly string[]
  /** More lines for `.dockerignore`, such as `node_modules`. */
  readonly ignore?: readonly string[]
}

/** What the app's owner can set for the build: its config vars. */
export type BuildSettings = {
  readonly config: Readonly<Record<string, string>>
  /** The app's Procfile, where there is one: a buildpack need not guess a start command then. */
  readonly hasWebProcess: boolean
}

/**
 * Recognises source and says how to build it, as a Dockerfile. A folder below `buildpacks/` with a `buildpack.ts`
 * that has one of these as its default export is found by being there.
 */
export type Buildpack = {
  /** As the pusher reads it: `Node.js` */
  readonly name: string
  /** Lower is asked first; the first that recognises the tree builds it. */
  readonly order: number
  /** The files it looks for, for the message where nothing fits: `package.json` */
  readonly looksFor: readonly string[]
  recognises(tree: SourceTree): boolean
  /** Throws `UserError` where the tree cannot be built: what is missing, what to type. */
  plan(tree: SourceTree, settings: BuildSettings): Promise<BuildPlan>
}
