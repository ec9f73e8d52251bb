-- One row per series: expected, missing and duplicate images, before the judgement.

{{ config(materialized = 'ephemeral', contract = {'enforced': false}) }}

with numbers as (
    select * from {{ ref('series_numbers') }}
),

spacing as (
    select * from {{ ref('series_spacing') }}
),

arrived as (
    select
        numbers.*,
        spacing.number_of_slices,
        spacing.slice_spacing_mm,
        spacing.is_uniform,
        coalesce(spacing.missing_by_spacing, 0) as missing_by_spacing,
        coalesce(spacing.is_uniform and spacing.is_filled_evenly, false) as is_regular,
        numbers.repeated + coalesce(spacing.extras, 0) as duplicates,
        numbers.images - numbers.repeated as distinct_images
    from numbers
    left join spacing on numbers.series_instance_uid = spacing.series_instance_uid
),

promised as (
    -- A promise of fewer than there are is not about the series.
    select
        *,
        case
            when of_series >= distinct_images then of_series
            when of_concatenation >= distinct_images then of_concatenation
            when of_acquisition >= distinct_images then of_acquisition
        end as expected_images
    from arrived
)

select
    *,
    case
        when expected_images is not null then expected_images - distinct_images
        when is_regular then 0
        else greatest(coalesce(missing_by_number, 0), missing_by_spacing)
    end as missing
from promised
