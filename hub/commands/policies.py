"""`hub policy ...`: the life of agreements. Whoever acts here proves who they are with a key of their own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer

from hub.app import Hub
from hub.consent.force import Expiring, expiring, obstacles, state_of
from hub.consent.life import Act, Advice, EndReason, SuspendReason, agreement_hash, statement_of
from hub.consent.model import Agreement
from hub.consent.policy import load_policy
from hub.domain.staff import Role, StaffId
from hub.domain.terms import AgreementId, PartyId, PolicyHash, Term
from hub.errors import Misconfigured, Refused
from hub.policies import signature
from hub.policies.hands import Hand, Signatories
from hub.policies.service import Look, Policies
from hub.policies.telling import ChangeText, change_texts

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""

T = TypeVar("T", bound=Term)
_Key = Annotated[Path, typer.Option(help="Your private key: Ed25519 or P-256, as JWK or PEM ('openssl genpkey').")]
_Agreement = Annotated[str, typer.Argument(help="The agreement with its version, such as duo-doorstroompunt/1.")]
_Proposal = Annotated[str, typer.Argument(help="The proposal, by the hash that 'proposals' shows or its first eight digits.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def policy_commands(policy: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub policy`."""
    _looking(policy, with_hub)
    _preparing(policy, with_hub)
    _deciding(policy, with_hub)
    signatory = typer.Typer(help="Who signs with which key.", no_args_is_help=True)
    policy.add_typer(signatory, name="signatory")
    _signing(signatory, with_hub)


def _looking(policy: typer.Typer, with_hub: WithHub) -> None:
    @policy.command("agreements")
    def agreements(as_json: _AsJson = False) -> None:
        """Lists the agreements in use: where each stands, who signed, what ends within ninety days."""

        async def work(hub: Hub) -> None:
            look = await _look(_policies(hub))
            ends = expiring(look.policy, look.today)
            if as_json:
                keys = {one.staff_id: one.jwk for one in await _signatories(hub).all()}
                typer.echo(_json([_whole(look, each, ends, keys) for each in look.policy.agreements]))
                return
            for each in look.policy.agreements:
                typer.echo("\n".join(_lines(look, each, ends)))
            for act in look.history.doubted:
                about = act.agreement or "the set in use"
                typer.echo(
                    f"\nNOT AS THE LOG SAYS: act {act.number} ({act.kind.value}, {about}) does not count; see 'hub doctor'"
                )
            if look.history.use is not None and look.history.use.by is None:
                typer.echo("\nthis set is the one that the hub began with; nobody activated it")

        with_hub(work)

    @policy.command("proposals")
    def proposals(as_json: _AsJson = False) -> None:
        """Lists what was proposed and waits for advice or a decision, and what it would change."""

        async def work(hub: Hub) -> None:
            policies = _policies(hub)
            look = await _look(policies)
            found: list[dict[str, Any]] = []
            for each in look.history.open:
                after = look.proposed[each.policy]
                change = await policies.difference(look.history, look.policy, after)
                texts = change_texts(change, look.policy, after)
                counts = {"wider": len(change.wider), "narrower": len(change.narrower), "special": len(change.special)}
                advice = None if each.advice is None else each.advice.word
                found.append({"policy": each.policy, "follows": each.follows, "by": each.act.by, "advice": advice, **counts})
                found[-1]["changes"] = [asdict(text) for text in texts] if as_json else "\n".join(_told(texts))
            if as_json:
                typer.echo(_json(found))
                return
            for one in found:
                typer.echo(
                    f"{one['policy']}  by {one['by']}, advice {one['advice'] or 'none yet'}, wider {one['wider']}, "
                    f"narrower {one['narrower']}, special {one['special']}\n{one['changes']}"
                )
            if not found:
                typer.echo("none")

        with_hub(work)


def _preparing(policy: typer.Typer, with_hub: WithHub) -> None:
    @policy.command("propose")
    def propose(
        directory: Annotated[Path, typer.Argument(help="The policy directory with the change in it.")], key: _Key
    ) -> None:
        """Proposes a policy directory to follow the set in use, as privacy officer; gives its hash."""

        async def work(hub: Hub) -> None:
            found = load_policy(directory)
            typer.echo(await _policies(hub).propose(found, await _hand(hub, key)))

        with_hub(work)

    @policy.command("advise")
    def advise(
        proposal: _Proposal,
        outcome: Annotated[Advice, typer.Option(help="What you advise.")],
        text: Annotated[Path, typer.Option(help="The advice in full (UTF-8); it is kept apart from the log.")],
        key: _Key,
    ) -> None:
        """Gives the advice of the data protection officer (FG), bound to both sets."""

        async def work(hub: Hub) -> None:
            policies = _policies(hub)
            found = await _proposal(policies, proposal)
            await policies.advise(*found, outcome, _text(text), await _hand(hub, key))
            typer.echo(f"advice on {found[1]}: {outcome.value}")

        with_hub(work)

    @policy.command("sign")
    def sign(
        agreement: _Agreement,
        key: _Key,
        party: Annotated[str | None, typer.Option(help="For which party; without it, your own.")] = None,
        within: Annotated[
            str | None, typer.Option("--in", help="The set that it is in, by hash; without it, in use or proposed last.")
        ] = None,
    ) -> None:
        """Signs an agreement for a party, over the agreement's own hash: with that the party has acceded."""

        async def work(hub: Hub) -> None:
            policies, hand, name = _policies(hub), await _hand(hub, key), _term(AgreementId, agreement, "agreement")
            look = await _look(policies)
            for_party = _term(PartyId, party, "party") if party else hand.staff.party
            if for_party is None:
                raise Refused("It is not said for which party.", "You decide for none of your own.", "Give --party.")
            await policies.sign(_set_with(look, name, within), name, for_party, hand)
            typer.echo(f"{name} is signed for {for_party}")

        with_hub(work)


def _deciding(policy: typer.Typer, with_hub: WithHub) -> None:
    @policy.command("activate")
    def activate(
        proposal: _Proposal,
        key: _Key,
        why: Annotated[Path | None, typer.Option(help="Why against a negative advice (UTF-8).")] = None,
    ) -> None:
        """Puts a proposal into use in all processes of the hub, as decision-maker of a controller."""

        async def work(hub: Hub) -> None:
            policies = _policies(hub)
            found = await _proposal(policies, proposal)
            await policies.activate(*found, await _hand(hub, key), why="" if why is None else _text(why))
            typer.echo(f"{found[1]} is in use")

        with_hub(work)

    @policy.command("suspend")
    def suspend(
        agreement: _Agreement, reason: Annotated[SuspendReason, typer.Option(help="Why nothing goes for now.")], key: _Key
    ) -> None:
        """Lets nothing go under an agreement from now on, what waits included."""

        async def work(hub: Hub) -> None:
            name = _term(AgreementId, agreement, "agreement")
            await _policies(hub).suspend(name, reason, await _hand(hub, key))
            typer.echo(f"{name} is suspended")

        with_hub(work)

    @policy.command("resume")
    def resume(agreement: _Agreement, key: _Key) -> None:
        """Lifts a suspension, for the party that suspended."""

        async def work(hub: Hub) -> None:
            name = _term(AgreementId, agreement, "agreement")
            await _policies(hub).resume(name, await _hand(hub, key))
            typer.echo(f"{name} is in force again")

        with_hub(work)

    @policy.command("end")
    def end(
        agreement: _Agreement, reason: Annotated[EndReason, typer.Option(help="Why it ends before its day.")], key: _Key
    ) -> None:
        """Ends an agreement for good."""

        async def work(hub: Hub) -> None:
            name = _term(AgreementId, agreement, "agreement")
            await _policies(hub).end(name, reason, await _hand(hub, key))
            typer.echo(f"{name} has ended")

        with_hub(work)


def _signing(signatory: typer.Typer, with_hub: WithHub) -> None:
    @signatory.command("add")
    def add(
        name: Annotated[str, typer.Argument(help="Whose key it is.")],
        key: Annotated[Path, typer.Option(help="The public key: Ed25519 or P-256, as JWK or PEM.")],
        role: Annotated[Role, typer.Option(help="privacy-officer, fg or decision-maker.")] = Role.decision_maker,
        party: Annotated[str | None, typer.Option(help="For which party a decision-maker decides.")] = None,
        staff: Annotated[str | None, typer.Option(help="Who they are at the desk (m-...), where they sign in there.")] = None,
    ) -> None:
        """Registers the public key of someone who signs; gives who they are in the log."""

        async def work(hub: Hub) -> None:
            public = signature.read_key(_bytes(key), private=False)
            known = None if staff is None else _term(StaffId, staff, "member of staff")
            for_party = None if party is None else _term(PartyId, party, "party")
            one = await _signatories(hub).add(public, name, role, for_party, known)
            typer.echo(f"{one.staff_id} signs with {one.thumbprint}")

        with_hub(work)

    @signatory.command("list")
    def every(as_json: _AsJson = False) -> None:
        """Lists everyone who has or had a key."""

        async def work(hub: Hub) -> None:
            found = await _signatories(hub).all()
            if as_json:
                typer.echo(_json([asdict(one) for one in found]))
                return
            lines = (
                f"{one.staff_id}  {one.role.value:<16}{one.party or '':<32}{'closed' if one.closed else 'open':<8}"
                f"{one.thumbprint}  {one.name}"
                for one in found
            )
            typer.echo("\n".join(lines) or "none")

        with_hub(work)

    @signatory.command("close")
    def close(thumbprint: Annotated[str, typer.Argument(help="The key, by the thumbprint that 'list' shows.")]) -> None:
        """Lets a key sign nothing any more; what it signed stays."""

        async def work(hub: Hub) -> None:
            await _signatories(hub).close(thumbprint)
            typer.echo("the key signs nothing any more")

        with_hub(work)


def _policies(hub: Hub) -> Policies:
    return Policies(hub.acts, hub.notes)


def _signatories(hub: Hub) -> Signatories:
    return Signatories(hub.acts, hub.notes, hub.digests)


async def _hand(hub: Hub, key: Path) -> Hand:
    return await _signatories(hub).hand_of(signature.read_key(_bytes(key), private=True))


async def _look(policies: Policies) -> Look:
    found = await policies.look()
    if found is None:
        raise Refused("No set of agreements is in use.", "The hub was never started.", "Start it once: 'hub serve'.")
    return found


async def _proposal(policies: Policies, text: str) -> tuple[PolicyHash, PolicyHash]:
    known = [each for each in (await policies.history()).open if len(text) >= 8 and each.policy.startswith(text)]
    if len(known) != 1:
        raise Refused("There is no such proposal.", "None is open under that hash, or several are.", "See 'proposals'.")
    return known[0].follows, known[0].policy


def _set_with(look: Look, agreement: AgreementId, within: str | None) -> PolicyHash:
    sets = [look.policy, *look.proposed.values()]
    found = [each.hash for each in sets if any(one.id == agreement for one in each.agreements)]
    chosen = [each for each in found if within is None or (len(within) >= 8 and each.startswith(within))]
    if not chosen:
        raise Refused(f"There is no agreement {agreement}.", "No set in use or proposed holds it.", "See 'agreements'.")
    return look.policy.hash if look.policy.hash in chosen else chosen[-1]


def _lines(look: Look, agreement: Agreement, ends: Iterable[Expiring]) -> Iterable[str]:
    version = look.history.version(agreement)
    state = state_of(agreement, look.history, look.today, in_use=True)
    shut = ", ".join(each.value for each in obstacles(agreement, look.today))
    yield f"{agreement.id:<40}{state.value}{f' ({shut})' if shut else ''}  until {agreement.effective.until}"
    for party in agreement.parties:
        signed = "founded" if version.founded else "signed" if version.has_signed(party.id) else "not signed"
        yield f"  {party.id:<38}{signed:<12}from {party.acceded}{f' to {party.left}' if party.left else ''}"
    for each in ends:
        if each.agreement == agreement.id:
            yield f"  {each.what.value} ends on {each.day} ({each.left} days){f': {each.about}' if each.about else ''}"


def _whole(look: Look, agreement: Agreement, ends: Iterable[Expiring], keys: dict[StaffId, str]) -> dict[str, Any]:
    version = look.history.version(agreement)
    return {
        "agreement": agreement.id,
        "hash": agreement_hash(agreement),
        "state": state_of(agreement, look.history, look.today, in_use=True),
        "obstacles": obstacles(agreement, look.today),
        "founded": version.founded,
        "doubted": None if version.doubted is None else version.doubted.number,
        "unsigned": [party.id for party in agreement.parties if not version.has_signed(party.id)],
        "acts": [_act(act, keys) for act in version.acts],
        "expiring": [asdict(each) for each in ends if each.agreement == agreement.id],
    }


def _act(act: Act, keys: dict[StaffId, str]) -> dict[str, Any]:
    """An act with all that someone needs who checks its signature without the hub."""
    said = {name: value for name, value in asdict(act).items() if value is not None}
    if act.by is None or act.proof is None:
        return said
    statement = statement_of(
        act.kind, act.by, act.us, party=act.party, agreement=act.agreement, digest=act.digest, word=act.word, text=act.text
    )
    return {**said, "statement": statement.decode(), "jwk": keys.get(act.by)}


def _told(texts: Iterable[ChangeText]) -> Iterable[str]:
    for text in texts:
        yield f"  {text.record}, {text.purpose}; {', '.join(text.about) or 'iedereen'}; {', '.join(text.days)}"
        yield from (f"    {way}" for way in text.ways)
        yield from (f"    + {each}" for each in text.more)
        yield from (f"    - {each}" for each in text.less)


def _json(content: Any) -> str:
    return orjson.dumps(content, str, orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def _text(file: Path) -> str:
    try:
        return _bytes(file).decode()
    except UnicodeDecodeError:
        raise Misconfigured("The text cannot be read.", "It is not UTF-8.", "Save it as UTF-8.") from None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise Misconfigured("The file cannot be read.", "It is missing, or not yours to read.", "Check the path.") from None


def _term(kind: type[T], text: str, name: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise Misconfigured(f"This is no {name}.", "It is written otherwise.", "Take it from the list.") from None
