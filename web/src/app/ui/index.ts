// The parts that screens are made of. Each says in its file what it takes.

export { default as Avatar } from "./Avatar.svelte";
export { default as AvatarStack } from "./AvatarStack.svelte";
export { default as Button } from "./Button.svelte";
export { default as Checkbox } from "./Checkbox.svelte";
export { default as Dialog } from "./Dialog.svelte";
export { default as Empty } from "./Empty.svelte";
export { default as ErrorNote } from "./ErrorNote.svelte";
export { default as Icon } from "./Icon.svelte";
export { default as IconButton } from "./IconButton.svelte";
export type { IconName } from "./icons";
export { default as Mark } from "./Mark.svelte";
export { default as Markdown } from "./Markdown.svelte";
export { default as Menu } from "./Menu.svelte";
export { methodColour } from "./method";
export { default as MethodBadge } from "./MethodBadge.svelte";
export { default as Popover } from "./Popover.svelte";
export { default as Select } from "./Select.svelte";
export { default as Skeleton } from "./Skeleton.svelte";
export { default as Split } from "./Split.svelte";
export { default as Tabs } from "./Tabs.svelte";
export { default as TextField } from "./TextField.svelte";
export { toasts } from "./toasts.svelte";
export { default as Tooltip } from "./Tooltip.svelte";
export { default as TryAgain } from "./TryAgain.svelte";
