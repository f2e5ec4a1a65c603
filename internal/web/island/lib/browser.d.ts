// What browsers know and older compilers do not.

interface HTMLElement {
  popover: string | null
  showPopover(options?: { source?: HTMLElement }): void
  hidePopover(): void
  togglePopover(force?: boolean): boolean
}

interface ToggleEvent extends Event {
  readonly newState: string
  readonly oldState: string
}
