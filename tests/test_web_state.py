import pytest
from werkzeug.datastructures import MultiDict

from archive_search.records import Filters, Sort
from archive_search.web.state import MAX_PAGE, MAX_TYPED, MAX_VALUES, State, read


def test_the_state_of_nothing_is_the_front_page():
    assert read(MultiDict()) == State()
    assert State().is_front


def test_what_a_state_writes_is_read_as_the_same_state():
    state = State(
        q='"thu hồi đất" -nhà',
        filters=Filters(
            speaker=("Nguyễn Tiến Minh", "Tạ Hữu Thọ"), topic=("y-te",), year=("2022",), month=("2022-07",)
        ),
        sort=Sort.OLDEST,
        page=3,
    )
    assert read(MultiDict(state.params())) == state


@pytest.mark.parametrize(
    ("args", "state"),
    [
        ({"page": "-1"}, State()),
        ({"page": "abc"}, State()),
        ({"page": "٣"}, State()),
        ({"page": "0"}, State()),
        ({"page": "99999999"}, State(page=MAX_PAGE)),
        ({"spelling": "x", "expand": "no", "fresh": ""}, State()),
        ({"sort": "price"}, State()),
        ({"year": "<script>"}, State()),
        ({"year": "２０２２"}, State()),
        ({"month": "2022-13"}, State()),
        ({"topic": "../etc"}, State()),
        ({"speaker": "x" * 101}, State()),
        ({"q": " \x00 \r\n "}, State()),
        ({"colour": "red"}, State()),
    ],
)
def test_what_makes_no_sense_is_left_out(args, state):
    assert read(MultiDict(args)) == state


def test_the_query_is_in_nfc_with_single_spaces():
    assert read(MultiDict({"q": "Hu\u0079e\u0323\u0302n\u00a0 \tủy\ud800"})).q == "Huyện ủy"


def test_a_query_is_cut_where_the_box_ends():
    assert len(read(MultiDict({"q": "đất " * 3000})).q) <= MAX_TYPED


def test_repeated_values_count_once_and_only_so_many_are_read():
    args = MultiDict([("year", "2022")] * 2 + [("year", str(1900 + n)) for n in range(500)])
    assert len(read(args).filters.year) == MAX_VALUES - 1


def test_toggling_chooses_and_lets_go_and_returns_to_the_first_page():
    state = State(q="đất", page=4)
    chosen = state.toggled("topic", "y-te")
    assert chosen == State(q="đất", filters=Filters(topic=("y-te",)))
    assert chosen.toggled("topic", "y-te") == State(q="đất")


def test_changing_the_years_lets_go_of_the_months():
    state = State(filters=Filters(year=("2022",), month=("2022-07",)))
    assert state.toggled("year", "2021").filters == Filters(year=("2022", "2021"))


@pytest.mark.parametrize(
    ("state", "order"),
    [
        (State(), Sort.NEWEST),
        (State(q="đất"), Sort.RELEVANCE),
        (State(q="đất", sort=Sort.OLDEST), Sort.OLDEST),
        (State(sort=Sort.RELEVANCE), Sort.NEWEST),
    ],
)
def test_without_a_choice_words_bring_the_best_first_and_no_words_the_newest(state, order):
    assert state.order is order


@pytest.mark.parametrize(
    ("query", "state"),
    [
        ({"spelling": "loose"}, State(loose=True)),
        ({"expand": "0"}, State(expand=False)),
        ({"fresh": "0"}, State(fresh=False)),
        (
            {"spelling": "loose", "expand": "0", "fresh": "0"},
            State(loose=True, expand=False, fresh=False),
        ),
    ],
)
def test_switches_are_part_of_the_address(query, state):
    assert read(MultiDict(query)) == state
    assert state.params() == query


def test_filters_and_pages_keep_the_switches():
    state = State(q="đất", loose=True, fresh=False)
    assert state.toggled("year", "2022").loose
    assert not state.on_page(2).fresh
