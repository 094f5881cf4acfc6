"""The part of `samples/case` that wallets hand over: Tenpay's trades in fen, and a statement of Alipay.

T1 of the bank return fills his wallet from his card and empties it to three others. Before that, an Alipay user takes
money from three people and pays it to S2's card.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from case_in_china import ALIPAY, PEOPLE, WALLET, moment, yuan

_WALLETS = {"T1": WALLET, "U1": "wxid_sample_0002", "U2": "wxid_sample_0003", "U3": "wxid_sample_0004"}
_PAYERS = {"P": "2088000000000025", "Q": "2088000000000033", "R": "2088000000000041"}
_TENPAY = (
    "用户ID", "交易单号", "大单号", "用户侧账号名称", "借贷类型", "交易业务类型", "交易用途类型", "交易时间",
    "交易金额(分)", "账户余额(分)", "用户银行卡号", "用户侧网银联单号", "网联/银联", "第三方账户名称", "对手方ID",
    "对手侧账户名称", "对手方银行卡号", "对手侧银行名称", "对手侧网银联单号", "网联/银联", "第三方账户名称",
    "对手方接收时间", "对手方接收金额(分)", "备注1", "备注2",
)  # fmt: skip
_ALIPAY = (
    "用户信息", "交易创建时间", "收/支", "金额(元)", "交易对方信息", "消费名称", "交易号", "商户订单号", "交易状态",
)  # fmt: skip


def tenpay() -> bytes:
    """The wallet of T1, filled from his card and emptied to three others, one of whom is in the file too."""
    card, rows = PEOPLE["T1"].card, []
    balances = {"T1": 0, "U1": 1_500}
    steps: Sequence[tuple[str, str, str, int, str]] = (
        ("10:40:03", "T1", "", 39_600_00, "充值"), ("10:43:20", "T1", "U1", -15_000_00, "转账"),
        ("10:43:22", "U1", "T1", 15_000_00, "转账"), ("10:44:51", "T1", "U2", -12_500_00, "转账"),
        ("10:46:07", "T1", "U3", -11_900_00, "扫二维码付款"),
    )  # fmt: skip
    numbers = ("TOPUP00001", "1000026031101", "1000026031101", "1000026031102", "1000026031103")
    for number, (at, who, other, fen, purpose) in zip(numbers, steps, strict=True):
        balances[who] += fen
        cells = dict.fromkeys(range(len(_TENPAY)), "")
        cells |= {0: _WALLETS[who], 1: number, 3: _NICK[who], 4: "出" if fen < 0 else "入", 5: "余额支付", 6: purpose}
        cells |= {7: str(moment(at)), 8: str(abs(fen)), 9: str(balances[who]), 10: card if who == "T1" else ""}
        cells |= {14: _WALLETS[other], 15: _NICK[other]} if other else {16: card, 17: PEOPLE["T1"].bank}
        rows.append(list(cells.values()))
    return "".join("\t".join(row) + "\n" for row in [_TENPAY, *rows]).encode()


_NICK = {"T1": "样例己", "U1": "小样", "U2": "小模", "U3": "样例手机店"}


def alipay() -> bytes:
    """One user's statement: three people pay him, he pays S2's card; one payment was closed, one is between pots."""
    me = f"{ALIPAY}(阿样)"
    rows = [
        [me, f"2026-03-11 {at}", way, yuan(fen), other, what, f"20260311{k:08}", "", state]
        for k, (at, way, fen, other, what, state) in enumerate(_alipay_steps(), 1)
    ]
    return "".join(",".join(row) + "\r\n" for row in [_ALIPAY, *rows]).encode("utf-8-sig")


def _alipay_steps() -> Iterator[tuple[str, str, int, str, str, str]]:
    for at, key, name, fen in (
        ("09:50:10", "P", "阿甲", 8_000_00), ("09:55:41", "Q", "阿乙", 9_500_00), ("10:01:02", "R", "阿丙", 7_300_00),
    ):  # fmt: skip
        yield at, "收入", fen, f"{_PAYERS[key]}({name})", "刷单返利", "交易成功"
    yield "10:07:00", "支出", 24_600_00, f"{PEOPLE['S2'].card}({PEOPLE['S2'].name})", "转账到银行卡", "交易关闭"
    yield "10:21:08", "支出", 24_600_00, f"{PEOPLE['S2'].card}({PEOPLE['S2'].name})", "转账到银行卡", "交易成功"
    yield "10:30:00", "不计收支", 150_00, f"{ALIPAY}(阿样)", "余额宝转入", "交易成功"


def files() -> dict[str, bytes]:
    """Path in the case folder → content."""
    return {"TenpayTrades.txt": tenpay(), "alipay.csv": alipay()}
