"""What a loop knows of a rule without being compiled for it."""

from __future__ import annotations

from typing import NamedTuple

from simopt.engine import layout
from simopt.ground.inline import inlined
from simopt.rules.rule import WEIGHT_DECAY, Rule


def no_clock():
    """The clock of a rule without one."""
    return ()


inlined(no_clock)


class Shape(NamedTuple):
    """What a loop knows of a rule: how many numbers it has, where its steps are, what they do."""

    states: int
    clocked: int  # values of its clock
    hypers: int  # hyperparameters besides the rate
    totals: int  # what is summed, the batch's loss with it
    averaged: int  # which state is the running average that is looked at; -1: none
    decay: int  # the row of its weight decay, from that of the rate on
    address: int  # of its steps, compiled apart; 0: they are part of the loop
    scheduled: bool  # the rest as in `layout.Extras`: a loop apart serves all of them
    arrives: bool
    clips: int  # the place in `layout.CLIPS`


def shape_of(rule: Rule, extras: layout.Extras, address: int = 0) -> Shape:
    """A rule's shape, under a plan with these extras."""
    known = rule.hyperparameters
    return Shape(
        states=len(rule.state),
        clocked=len(rule.clock_values),
        hypers=len(known) - 1,
        totals=len(rule.totals),
        averaged=-1 if rule.average is None else rule.state.index(rule.average),
        decay=known.index(WEIGHT_DECAY) if WEIGHT_DECAY in known else 0,
        address=address,
        scheduled=extras.scheduled,
        arrives=extras.arrives,
        clips=layout.CLIPS.index(extras.clips),
    )


def extras_of(extras: layout.Extras, one: bool) -> layout.Extras:
    """The extras without those that steps don't depend on: fewer are compiled."""
    clips = extras.clips if one or not extras.clips else "norm"
    unclipped = extras.unclipped and one
    return extras._replace(clips=clips, unclipped=unclipped, reacts=False, kept=False)
