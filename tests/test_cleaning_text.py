"""Text and dates: what an editor broke is mended only where that is certain."""

import pytest

from archive_search.cleaning.byline import is_account
from archive_search.cleaning.dates import date_in, formatted_date_in, iso_date_in
from archive_search.cleaning.text import tidy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hải Phograve;ng", "Hải Phòng"),
        ("ldquo;Học tậprdquo;", "“Học tập”"),
        ("châu Aacute; (ADB)", "châu Á (ADB)"),
        ("Sở TTamp;TT", "Sở TT&TT"),
        ("quận ;ETH;ống ;ETH;a", "quận Đống Đa"),
        ("Khoảng 6h15;rsquo; có mặt", "Khoảng 6h15’ có mặt"),
        ("H&agrave; Nội", "Hà Nội"),
        ("H&amp;agrave; Nội", "Hà Nội"),
        ("2014 &ndash; 2015", "2014 – 2015"),
        ("\x93Học tập\x94", "“Học tập”"),
        ("\uf0b7 một", "• một"),
        ("Huyện\u00a0 ủy\u200b", "Huyện ủy"),
        ("Ðảng", "Đảng"),
    ],
)
def test_what_an_editor_broke_is_mended(text, expected):
    assert tidy(text) == expected


@pytest.mark.parametrize("text", ["A&B; C", "20 amp; 30", "gồm: một; hai; ba", "x < y; z > t", "R&D"])
def test_what_may_be_meant_is_left(text):
    assert tidy(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(05:12, 18/06/2020)", "2020-06-18T05:12"),
        ("(29/06/2026, 14:49)", "2026-06-29T14:49"),
        ("Ngày đăng: 08/07/2024  11:38", "2024-07-08T11:38"),
        ("Thứ hai, ngày 11 tháng 7 năm 2022, 10h30", "2022-07-11T10:30"),
        ("05/01/2013 8:30:00 SA", "2013-01-05T08:30"),
        ("05/01/2013 8:30:00 CH", "2013-01-05T20:30"),
        ("17/09/2015 | 12:00 AM", "2015-09-17T00:00"),
        ("17/09/2015 | 12:05 PM", "2015-09-17T12:05"),
        ("ngày 31/02/2020, rồi 1-3-2020", "2020-03-01T00:00"),
        ("3.4.2020", "2020-04-03T00:00"),
    ],
)
def test_dates_are_read_as_vietnamese_portals_print_them(text, expected):
    assert date_in(text).isoformat() == f"{expected}:00+07:00"


@pytest.mark.parametrize("text", ["Hội trường 18.8", "số 12/QĐ-UBND", "năm 2022", "13/13/2020", "1/2/20201"])
def test_other_numbers_are_no_dates(text):
    assert date_in(text) is None


def test_a_format_is_found_within_a_longer_text():
    found = formatted_date_in("Đăng: 2020.03.01 lúc nào", ["%d/%m/%Y", "%Y.%m.%d"])
    assert found.isoformat() == "2020-03-01T00:00:00+07:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-07-11T03:15:00Z", "2022-07-11T10:15:00+07:00"),
        ("2022-07-11T10:15:00.123+0700", "2022-07-11T10:15:00+07:00"),
        ("2022-07-11 10:15", "2022-07-11T10:15:00+07:00"),
        ("2022-07-11", "2022-07-11T00:00:00+07:00"),
    ],
)
def test_an_iso_date_is_turned_into_vietnamese_time(text, expected):
    assert iso_date_in(text).isoformat() == expected


@pytest.mark.parametrize("text", ["admin admin", "Ad Min", "Pho Ban bien tap", "Quản trị", "administrator2"])
def test_accounts_are_no_writers(text):
    assert is_account(text)


@pytest.mark.parametrize("text", ["Phạm Linh", "Ban Biên tập", "Thu Lan", "Administration Office"])
def test_writers_are_no_accounts(text):
    assert not is_account(text)
