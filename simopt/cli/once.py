"""An option that takes one value and is given twice is an error: the last would win silently."""

from __future__ import annotations

import click

#: More characters than the first sentence of any help.
LONG = 1000


class Once(click.Command):
    """A command that refuses an option given more than once, unless it is there to be repeated."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, after having counted."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for each in dict.fromkeys(order):
            times = order.count(each)
            if isinstance(each, click.Option) and not each.multiple and times > 1:
                name = max(each.opts, key=len)
                raise click.UsageError(f"{name}: given {times} times; it takes one value", ctx)
        return super().parse_args(ctx, args)


class OnceGroup(click.Group):
    """A group whose commands are such, and that lists what they do whole, on lines that fit."""

    command_class = Once

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the first sentence of its help, which click would cut off."""
        rows = [
            (name, self.commands[name].get_short_help_str(limit=LONG))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
