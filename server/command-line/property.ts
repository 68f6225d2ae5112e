import { UsageError } from '../errors.ts'

/** What `command` knows of the property that a person names. Throws `UsageError` with those that there are. */
export function propertyOf<Property>(
  command: string,
  properties: Readonly<Record<string, Property>>,
  name: string,
): Property {
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined
  if (property !== undefined) return property
  throw new UsageError(`${command} does not know "${name.slice(0, 40)}"`, {
    next: `It knows ${Object.keys(properties).join(', ')}`,
  })
}
